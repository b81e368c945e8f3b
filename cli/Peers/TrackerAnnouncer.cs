using Pbts.Cli.Tracker;

namespace Pbts.Cli.Peers;

/// <summary>Tells the tracker of us, and the dialer of the peers the tracker names.</summary>
/// <param name="session">What is told.</param>
/// <param name="tracker">The tracker.</param>
/// <param name="dialer">Calls the peers.</param>
/// <param name="log">Told of refusals and warnings.</param>
internal sealed class TrackerAnnouncer(PeerSession session, TrackerClient tracker, PeerDialer dialer, Action<string> log)
{
    /// <summary>How soon after an announce another one may follow.</summary>
    private static readonly TimeSpan Soonest = TimeSpan.FromSeconds(5);

    /// <summary>Whether the tracker has taken an announce.</summary>
    public bool IsAnnounced { get; private set; }

    /// <summary>Announces whenever it is time, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var next = "started";
        var soon = Soonest;
        var tellsCompletion = !session.Completed.IsCompleted;
        while (true)
        {
            var reply = await AnnounceAsync(next, cancellationToken).ConfigureAwait(false);
            if (reply.Failure is null)
                (next, IsAnnounced) = ("", true);
            dialer.Add(reply.Peers);
            dialer.CallDue(cancellationToken);
            soon = await PauseAsync(reply, soon, tellsCompletion, cancellationToken).ConfigureAwait(false) ? soon * 2 : Soonest;
            if (tellsCompletion && session.Completed.IsCompletedSuccessfully)
                next = IsAnnounced ? "completed" : "started";
            tellsCompletion &= !session.Completed.IsCompleted;
        }
    }

    /// <summary>Says good-bye, if the tracker knows us.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => IsAnnounced ? AnnounceAsync("stopped", cancellationToken) : Task.CompletedTask;

    /// <summary>
    /// Waits for the interval, or for what is worth an announce before: the end of the download, and after <paramref name="soon"/>
    /// that there is nobody to get the rest from, or no tracker. <c>true</c> for the latter, which is to happen less and less often.
    /// </summary>
    private async Task<bool> PauseAsync(AnnounceReply reply, TimeSpan soon, bool tellsCompletion, CancellationToken cancellationToken)
    {
        var asked = session.Clock.GetTimestamp();
        while (session.Clock.GetElapsedTime(asked) is var waited && waited < TimeSpan.FromSeconds(reply.Interval))
        {
            if (waited >= soon && (reply.IsUnreachable || (reply.Failure is null && IsAlone)))
                return true;
            if (tellsCompletion && session.Completed.IsCompleted)
                return false;
            var second = Task.Delay(TimeSpan.FromSeconds(1), session.Clock, cancellationToken);
            await (tellsCompletion ? Task.WhenAny(second, session.Completed) : second).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
        return false;
    }

    private bool IsAlone => !session.Completed.IsCompleted && session.PeerCount == 0;

    private async Task<AnnounceReply> AnnounceAsync(string announceEvent, CancellationToken cancellationToken)
    {
        var reply = await tracker.AnnounceAsync(new AnnounceRequest
        {
            InfoHash = session.Torrent.InfoHash, PeerId = session.PeerId, Port = session.ListenPort, Uploaded = session.Uploaded,
            Downloaded = session.Downloaded, Left = session.Left, Event = announceEvent, NumWant = announceEvent == "stopped" ? 0 : 50,
        }, cancellationToken).ConfigureAwait(false);
        if (reply.Failure is not null)
            log($"announce refused: {reply.Failure}");
        else if (reply.Warning is not null)
            log($"announce: {reply.Warning}");
        return reply;
    }
}
