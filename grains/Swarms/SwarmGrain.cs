using System.Numerics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Orleans.Placement;
using Pbts.GrainInterfaces.Configuration;
using Pbts.GrainInterfaces.Swarms;
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

    private readonly SwarmStore _store;
    private readonly SwarmCensus _census;
    private readonly ClaimedTotals _claimed;
    private readonly TimeProvider _time;
    private readonly ILogger<SwarmGrain> _logger;
    private readonly Swarm _swarm;
    private byte[] _infoHash = [];
    private InfoHash _key;
    private long? _completed;
    private IGrainTimer? _leaving;

    public SwarmGrain(SwarmStore store, SwarmCensus census, ClaimedTotals claimed, IOptions<TrackerOptions> options, TimeProvider time, ILogger<SwarmGrain> logger)
    {
        _store = store;
        _census = census;
        _claimed = claimed;
        _time = time;
        _logger = logger;
        _swarm = new Swarm(options.Value.PeerLifetime);
    }

    private uint Now => (uint)_time.GetUtcNow().ToUnixTimeSeconds();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _infoHash = Convert.FromHexString(this.GetPrimaryKeyString());
        InfoHash.TryFrom(_infoHash, out _key);
        if (await _store.TakeSnapshotAsync(_infoHash) is { } peers)
            SwarmSnapshot.Read(peers, _swarm, Now);
        _census.Enter(_key, _swarm);
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _census.Leave(_key, _swarm);
        _swarm.Sweep(Now, force: true);
        if (_swarm.Count == 0)
            return;
        try
        {
            await _store.SaveSnapshotAsync(_infoHash, SwarmSnapshot.Write(_swarm));
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            LogSnapshotFailed(e, this.GetPrimaryKeyString(), _swarm.Count);
        }
    }

    public ValueTask<AnnounceReply> AnnounceAsync(AnnounceRequest request)
    {
        var before = _swarm.Count;
        var reply = _swarm.Announce(request, Now, Random.Shared, out var effect);
        _census.Announced(_swarm.Count - before);
        if (_swarm.Count == 0)
            LeaveSoon();
        if (request.UserId is { } user && (effect.Uploaded | effect.Downloaded) != 0)
            _claimed.Add(user, effect);
        return effect.Completed ? CompleteAsync(request, reply) : ValueTask.FromResult(reply);
    }

    public async ValueTask<SwarmCounts> ScrapeAsync()
    {
        var before = _swarm.Count;
        _swarm.Sweep(Now);
        _census.Change(_swarm.Count - before);
        if (_swarm.Count == 0)
            LeaveSoon();
        return new SwarmCounts(_swarm.Complete, _swarm.Incomplete, _swarm.Downloaders, await CountCompletedAsync());
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
            if (_swarm.Count == 0)
                DeactivateOnIdle();
            return Task.CompletedTask;
        },
        new() { DueTime = EmptyLifetime, Period = Timeout.InfiniteTimeSpan });

    private async ValueTask<AnnounceReply> CompleteAsync(AnnounceRequest request, AnnounceReply reply)
    {
        // BEP 7: the same client over both address families has one key and one peer id, so it is one completion.
        var id = request.PeerId;
        var peer = unchecked((long)(request.Identity ^ BitOperations.RotateLeft(id.First, 17) ^ BitOperations.RotateLeft(id.Second, 31) ^ id.Third));
        try
        {
            await _store.CompleteAsync(_infoHash, peer).WaitAsync(TimeSpan.FromSeconds(2), _time);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            // The client is not to blame and its download is done; the count is what suffers, so say so.
            LogCompletionFailed(e, this.GetPrimaryKeyString());
        }

        _completed = null;
        return reply;
    }

    private async ValueTask<long> CountCompletedAsync()
    {
        try
        {
            return _completed ??= await _store.CountCompletedAsync(_infoHash);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            LogCountFailed(e);
            return 0;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The peers of swarm {InfoHash} ({Peers}) could not be put away; they come back with their next announce.")]
    private partial void LogSnapshotFailed(Exception exception, string infoHash, int peers);

    [LoggerMessage(LogLevel.Error, "A completed download of {InfoHash} was not confirmed by the database in time; it may be missing from the count.")]
    private partial void LogCompletionFailed(Exception exception, string infoHash);

    [LoggerMessage(LogLevel.Warning, "The database did not answer for a count of completed downloads.")]
    private partial void LogCountFailed(Exception exception);
}
