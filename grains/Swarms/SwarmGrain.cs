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

    private readonly SwarmStore _store;
    private readonly SwarmCensus _census;
    private readonly IRegisteredTorrents _torrents;
    private readonly TorrentWatch _watch;
    private readonly SwarmRules _rules;
    private readonly TimeProvider _time;
    private readonly ILogger<SwarmGrain> _logger;
    private readonly ClaimedTotals _claimed;
    private readonly LiveSwarm _swarm;
    private InfoHash _infoHash;
    private AnnounceReply? _refusal;
    private long? _completed;
    private long _arrived;
    private IGrainTimer? _leaving;

    public SwarmGrain(SwarmStore store, SwarmCensus census, IRegisteredTorrents torrents, TorrentWatch watch, ClaimedTotals claimed, SwarmRules rules, TimeProvider time, ILogger<SwarmGrain> logger)
    {
        _store = store;
        _census = census;
        _torrents = torrents;
        _watch = watch;
        _rules = rules;
        _time = time;
        _logger = logger;
        _claimed = claimed;
        _swarm = new LiveSwarm(new Swarm(rules), census, claimed, time, rules.Lifetime);
    }

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _swarm.InfoHash = _infoHash = InfoHash.From(Convert.FromHexString(this.GetPrimaryKeyString()));
        // Who calls has asked already, but for those that came round a silo that was about to go, and for swarms put away
        // when all torrents were served. What is refused is no swarm: it takes nobody in and goes at once.
        if ((_refusal = await _torrents.RefuseAsync(_infoHash)) is not null)
            return;
        if (await _store.TakeSnapshotAsync(_infoHash.Span.ToArray()) is { } peers && !SwarmSnapshot.Read(peers, _swarm.Swarm, _swarm.Now))
            LogSnapshotUnreadable(this.GetPrimaryKeyString(), _swarm.Swarm.Count);
        _arrived = _time.GetTimestamp();
        _swarm.Open();
        _census.Enter(_infoHash, _swarm);
        _watch.Begin(_infoHash, _swarm);
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _swarm.Close();
        _census.Leave(_infoHash, _swarm);
        var swarm = _swarm.Swarm;
        swarm.SweepAll(_swarm.Now);
        if (swarm.Count == 0)
        {
            _claimed.Ended(_infoHash, _swarm.Facts);
            return;
        }

        try
        {
            await _store.SaveSnapshotAsync(_infoHash.Span.ToArray(), SwarmSnapshot.Write(swarm));
        }
        catch (Exception e) when (Away.IsDatabase(e))
        {
            LogSnapshotFailed(e, this.GetPrimaryKeyString(), swarm.Count);
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
        if (_time.GetElapsedTime(_arrived) > ShortestStay)
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
            await _store.CompleteAsync(Completion.Of(_infoHash.Span.ToArray(), request, _rules.PeersPerAddress > 0)).WaitAsync(TimeSpan.FromSeconds(2), _time);
        }
        catch (Exception e) when (Away.IsDatabase(e))
        {
            // The client is not to blame and its download is done; the count is what suffers, so say so.
            LogCompletionFailed(e, this.GetPrimaryKeyString());
        }

        _completed = null;
        _swarm.OnCompleted();
        return reply;
    }

    private async ValueTask<long> CountCompletedAsync()
    {
        try
        {
            return _completed ??= await _store.CountCompletedAsync(_infoHash.Span.ToArray());
        }
        catch (Exception e) when (Away.IsDatabase(e))
        {
            LogCountFailed(e);
            return 0;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The peers of swarm {InfoHash} ({Peers}) could not be put away; they come back with their next announce.")]
    private partial void LogSnapshotFailed(Exception exception, string infoHash, int peers);

    [LoggerMessage(LogLevel.Warning, "What had been put away of swarm {InfoHash} could not be read to its end: {Peers} peers are back, others come back with their next announce.")]
    private partial void LogSnapshotUnreadable(string infoHash, int peers);

    [LoggerMessage(LogLevel.Error, "A completed download of {InfoHash} was not confirmed by the database in time; it may be missing from the count.")]
    private partial void LogCompletionFailed(Exception exception, string infoHash);

    [LoggerMessage(LogLevel.Warning, "The database did not answer for a count of completed downloads.")]
    private partial void LogCountFailed(Exception exception);
}
