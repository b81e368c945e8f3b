using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Placement;
using Orleans.Runtime.Placement;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Claims;
using Pbts.Grains.Torrents;
using Pbts.Hosting.Resilience;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Swarms;

/// <summary>
/// The single writer of one swarm. Peers are soft state: nothing is written while announces come in; a clean
/// deactivation puts the peers away for the next activation, and after a crash they come back with their next announce.
/// </summary>
[PreferLocalPlacement]
internal sealed partial class SwarmGrain : Grain, ISwarmGrain
{
    private static readonly TimeSpan EmptyLifetime = TimeSpan.FromSeconds(3);

    /// <summary>Shortest stay on a silo: front ends that disagree on who is a member must not send a swarm to and fro.</summary>
    private static readonly TimeSpan ShortestStay = TimeSpan.FromSeconds(30);

    private readonly SwarmSurroundings _around;
    private readonly LiveSwarm _swarm;
    private AnnounceReply? _refusal;
    private long? _completed;
    private long _arrived;
    private IGrainTimer? _leaving;

    public SwarmGrain(SwarmSurroundings around)
    {
        _around = around;
        _swarm = new LiveSwarm(new Swarm(around.Rules), around);
    }

    private InfoHash InfoHash => _swarm.InfoHash;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _swarm.InfoHash = InfoHash.From(Convert.FromHexString(this.GetPrimaryKeyString()));
        // Who calls has asked already, but for those that came round a silo that was about to go, and for swarms put away
        // when all torrents were served. What is refused is no swarm: it takes nobody in and goes at once.
        if ((_refusal = await _around.Torrents.RefuseAsync(InfoHash)) is not null)
            return;
        if (await _around.Store.TakeSnapshotAsync(InfoHash.Span.ToArray()) is { } peers && !SwarmSnapshot.Read(peers, _swarm.Swarm, _swarm.Now))
            LogSnapshotUnreadable(_around.Logger, this.GetPrimaryKeyString(), _swarm.Swarm.Count);
        _arrived = _around.Time.GetTimestamp();
        _swarm.Open();
        _around.Census.Enter(InfoHash, _swarm);
        _around.Watch.Begin(InfoHash, _swarm);
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _swarm.Close();
        _around.Census.Leave(InfoHash, _swarm);
        var swarm = _swarm.Swarm;
        swarm.SweepAll(_swarm.Now);
        if (swarm.Count == 0)
        {
            _around.Claimed.Ended(InfoHash, _swarm.Facts);
            return;
        }

        try
        {
            await _around.Store.SaveSnapshotAsync(InfoHash.Span.ToArray(), SwarmSnapshot.Write(swarm));
        }
        catch (Exception e) when (Away.IsDatabase(e))
        {
            LogSnapshotFailed(_around.Logger, e, this.GetPrimaryKeyString(), swarm.Count);
        }
    }

    public ValueTask<AnnounceReply> AnnounceAsync(AnnounceRequest request)
    {
        if (_refusal is not null)
        {
            LeaveSoon();
            return ValueTask.FromResult(_refusal);
        }

        var reply = _swarm.Announce(request, out var effect, out var empty);
        if (empty)
            LeaveSoon();
        return effect.Completed ? CompleteAsync(request, reply) : ValueTask.FromResult(reply);
    }

    public async ValueTask<SwarmCounts> ScrapeAsync()
    {
        var (complete, incomplete, downloaders) = _swarm.Count();
        if (complete + incomplete == 0)
            LeaveSoon();
        return _refusal is null ? new SwarmCounts(complete, incomplete, downloaders, await CountCompletedAsync()) : default;
    }

    public ValueTask<IReadOnlyList<SwarmPeer>> ListPeersAsync(int most)
    {
        var peers = _swarm.List(most);
        if (peers.Count == 0)
            LeaveSoon();
        return ValueTask.FromResult(peers);
    }

    public ValueTask StartAsync()
    {
        if (_swarm.Count() is (0, 0, _))
            DeactivateOnIdle();
        return ValueTask.CompletedTask;
    }

    public Task MoveAsync(SiloAddress silo)
    {
        if (_around.Time.GetElapsedTime(_arrived) > ShortestStay)
        {
            RequestContext.Set(IPlacementDirector.PlacementHintKey, silo);
            MigrateOnIdle();
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// An empty swarm goes, but not at once: while it leaves, the calls that wait for it start it anew, and many scrapes of a
    /// torrent nobody has would do nothing but start and stop it.
    /// </summary>
    private void LeaveSoon() => _leaving ??= this.RegisterGrainTimer(
        () =>
        {
            _leaving?.Dispose();
            _leaving = null;
            if (_swarm.Count() is (0, 0, _))
                DeactivateOnIdle();
            return Task.CompletedTask;
        },
        new() { DueTime = EmptyLifetime, Period = Timeout.InfiniteTimeSpan });

    private async ValueTask<AnnounceReply> CompleteAsync(AnnounceRequest request, AnnounceReply reply)
    {
        try
        {
            await _around.Store.CompleteAsync(Completion.Of(InfoHash.Span.ToArray(), request, _around.Rules.PeersPerAddress > 0)).WaitAsync(TimeSpan.FromSeconds(2), _around.Time);
        }
        catch (Exception e) when (Away.IsDatabase(e))
        {
            // The client is not to blame and its download is done; the count is what suffers, so say so.
            LogCompletionFailed(_around.Logger, e, this.GetPrimaryKeyString());
        }

        _completed = null;
        _swarm.OnCompleted();
        return reply;
    }

    private async ValueTask<long> CountCompletedAsync()
    {
        try
        {
            return _completed ??= await _around.Store.CountCompletedAsync(InfoHash.Span.ToArray());
        }
        catch (Exception e) when (Away.IsDatabase(e))
        {
            LogCountFailed(_around.Logger, e);
            return 0;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The peers of swarm {InfoHash} ({Peers}) could not be put away; they come back with their next announce.")]
    private static partial void LogSnapshotFailed(ILogger logger, Exception exception, string infoHash, int peers);

    [LoggerMessage(LogLevel.Warning, "What had been put away of swarm {InfoHash} could not be read to its end: {Peers} peers are back, others come back with their next announce.")]
    private static partial void LogSnapshotUnreadable(ILogger logger, string infoHash, int peers);

    [LoggerMessage(LogLevel.Error, "A completed download of {InfoHash} was not confirmed by the database in time; it may be missing from the count.")]
    private static partial void LogCompletionFailed(ILogger logger, Exception exception, string infoHash);

    [LoggerMessage(LogLevel.Warning, "The database did not answer for a count of completed downloads.")]
    private static partial void LogCountFailed(ILogger logger, Exception exception);
}
