using Pbts.Peer.Tracker;

namespace Pbts.Peer.Exchange;

/// <summary>Tells the trackers of one tier of us, and the dialer of the peers they name.</summary>
/// <param name="session">What is told.</param>
/// <param name="tier">The trackers.</param>
/// <param name="dialer">Calls the peers.</param>
/// <param name="log">Told of refusals and warnings.</param>
internal sealed class TrackerAnnouncer(PeerSession session, TrackerTier tier, PeerDialer dialer, Action<string> log)
{
    /// <summary>How soon after an announce another one may follow.</summary>
    private static readonly TimeSpan Soonest = TimeSpan.FromSeconds(5);

    /// <summary>Whether a tracker has taken an announce.</summary>
    public bool IsAnnounced => tier.IsAnnounced;

    /// <summary>Why all of them refuse, when none will ever take an announce.</summary>
    public string? Refusal => tier.Refusal;

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
                next = "";
            dialer.Add(reply.Peers);
            dialer.CallDue(cancellationToken);
            soon = await PauseAsync(reply, soon, tellsCompletion, cancellationToken).ConfigureAwait(false) ? soon * 2 : Soonest;
            if (tellsCompletion && session.Completed.IsCompletedSuccessfully)
                next = "completed";
            tellsCompletion &= !session.Completed.IsCompleted;
        }
    }

    /// <summary>Says good-bye to those that know us.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => tier.StopAsync(Request("stopped"), cancellationToken);

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
        var reply = await tier.AnnounceAsync(Request(announceEvent), cancellationToken).ConfigureAwait(false);
        if (reply.Failure is not null)
            log($"announce refused: {reply.Failure}");
        else if (reply.Warning is not null)
            log($"announce: {reply.Warning}");
        return reply;
    }

    private AnnounceRequest Request(string announceEvent) => new()
    {
        InfoHash = session.Torrent.InfoHash, PeerId = session.PeerId, Port = session.ListenPort, Uploaded = session.Uploaded,
        Downloaded = session.Downloaded, Left = session.Left, Event = announceEvent,
    };
}
