using Orleans.Runtime;
using Pbts.Api.Cluster;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Resilience;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Announce;

/// <summary>
/// Calls swarms, wherever in the cluster they are. Announces and scrapes may be repeated harmlessly, so a call that met
/// a stopping or dead silo is tried again until the cluster has settled or the patience is used up.
/// </summary>
/// <param name="local">The swarms of the silo in this process, where there is one.</param>
/// <param name="scrapes">The silo's answers to scrapes, where there is one in this process.</param>
/// <param name="desks">The way to the silos, where there is none in this process.</param>
/// <param name="fresh">Charges whoever begins a swarm.</param>
/// <param name="torrents">Which torrents may have a swarm, where there is a silo in this process; others ask for themselves.</param>
internal sealed class SwarmClient(
    IGrainFactory grains, TimeProvider time, ILocalSwarms? local = null, ISwarmScrapes? scrapes = null, SwarmDesks? desks = null, NewSwarms? fresh = null,
    IRegisteredTorrents? torrents = null)
{
    /// <summary>Longer than it takes the cluster to notice a dead silo.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>Null when the swarm could not be reached in time or there is no room for a new one; the answer may be a refusal.</summary>
    public ValueTask<AnnounceReply?> AnnounceAsync(InfoHash infoHash, AnnounceRequest request)
    {
        if (local?.TryAnnounce(infoHash, request) is { } reply)
            return ValueTask.FromResult<AnnounceReply?>(reply);
        return desks?.Find(infoHash) is { } desk ? ForwardAsync(desk, new(infoHash, request))
            : local?.Holds(infoHash) == true ? CallAsync(infoHash, request) : BeginAsync(infoHash, request);
    }

    /// <summary>Null when the swarm could not be reached in time.</summary>
    public async ValueTask<SwarmCounts?> ScrapeAsync(InfoHash infoHash)
    {
        await PoolThread.Enter();
        var counts = await RetryAsync<StrongBox>(Boxed(Swarm(infoHash).ScrapeAsync()), () => Boxed(Swarm(infoHash).ScrapeAsync()));
        return counts?.Value;

        static async ValueTask<StrongBox?> Boxed(ValueTask<SwarmCounts> counts) => new(await counts);
    }

    /// <summary>Counts of the torrents, in their order; null when they could not be told in time.</summary>
    public async ValueTask<SwarmCounts[]?> ScrapeAsync(InfoHash[] infoHashes)
    {
        await PoolThread.Enter();
        return await RetryAsync(AskAsync(), AskAsync);

        async ValueTask<SwarmCounts[]?> AskAsync() =>
            await (scrapes is not null ? scrapes.CountAsync(infoHashes)
                : desks?.Any() is { } desk ? desk.Grain.ScrapeAsync(infoHashes) : throw new TimeoutException("No silo is known."));
    }

    /// <summary>Every torrent that has an active swarm anywhere in the cluster.</summary>
    public async ValueTask<List<InfoHash>> ListAsync()
    {
        await PoolThread.Enter();
        var type = grains.GetGrain<ISwarmGrain>(new string('0', 2 * InfoHash.Length)).GetGrainId().Type;
        var active = await grains.GetGrain<IManagementGrain>(0).GetActiveGrains(type);
        return [.. active.Select(id => InfoHash.TryParse(id.Key.ToString(), out var infoHash) ? infoHash : default)];
    }

    private async ValueTask<AnnounceReply?> ForwardAsync(SwarmDesk desk, ForwardedAnnounce announce)
    {
        try
        {
            // These need a turn of the swarm's grain in any case.
            if (announce.Request.Event is not (AnnounceEvent.Stopped or AnnounceEvent.Completed))
            {
                if (desk.TryRun(announce) is not { } forwarding)
                    return null;
                if (await forwarding is { } reply)
                    return reply;
            }
        }
        catch (Exception e) when (Away.IsCluster(e) || IsOtherVersion(e))
        {
            // The silo is gone or about to, or packs otherwise: the cluster finds the swarm, or starts it elsewhere.
            return await BeginAsync(announce.InfoHash, announce.Request);
        }

        if (fresh?.Allows(announce.InfoHash, announce.Request) == false)
            return null;
        await PoolThread.Enter();
        var refused = false;
        var begun = await RetryAsync(AtDeskAsync(), () => Swarm(announce.InfoHash).AnnounceAsync(announce.Request)!);
        if (begun is { Refusal: AnnounceRefusal.None })
            fresh?.Remember(announce.InfoHash);
        else if (refused)
            fresh?.RefusedAsFull();
        return begun;

        async ValueTask<AnnounceReply?> AtDeskAsync()
        {
            var answer = await desk.Grain.AnnounceAsync(announce);
            refused = answer is null;
            return answer;
        }
    }

    /// <summary>An announce for a swarm that is not active here: it may be elsewhere, or new.</summary>
    private async ValueTask<AnnounceReply?> BeginAsync(InfoHash infoHash, AnnounceRequest request)
    {
        if (fresh?.Allows(infoHash, request) == false)
            return null;
        // While the registry cannot be read, what is active somewhere goes on.
        if (torrents is not null && await torrents.RefuseAsync(infoHash) is { } refusal && (refusal.Refusal == AnnounceRefusal.Unregistered || await IsNowhereAsync(infoHash)))
            return refusal;
        if (local?.IsFull == true && await IsNowhereAsync(infoHash))
        {
            fresh?.RefusedAsFull();
            return null;
        }

        var reply = await CallAsync(infoHash, request);
        if (reply is { Refusal: AnnounceRefusal.None })
            fresh?.Remember(infoHash);
        return reply;
    }

    private async ValueTask<bool> IsNowhereAsync(InfoHash infoHash)
    {
        await PoolThread.Enter();
        return await grains.GetGrain<IManagementGrain>(0).GetActivationAddress(Swarm(infoHash)) is null;
    }

    private async ValueTask<AnnounceReply?> CallAsync(InfoHash infoHash, AnnounceRequest request)
    {
        await PoolThread.Enter();
        return await RetryAsync(Swarm(infoHash).AnnounceAsync(request)!, () => Swarm(infoHash).AnnounceAsync(request)!);
    }

    /// <summary>A silo of another version could not read the batch, or we not its answer; one without versions fails at what it takes for the number.</summary>
    private static bool IsOtherVersion(Exception e) => e is NotSupportedException or OverflowException;

    private ISwarmGrain Swarm(InfoHash infoHash) => grains.GetGrain<ISwarmGrain>(infoHash.ToString());

    private async ValueTask<T?> RetryAsync<T>(ValueTask<T?> call, Func<ValueTask<T?>> again)
        where T : class
    {
        var started = time.GetTimestamp();
        for (var pause = TimeSpan.FromMilliseconds(20); ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                return await call;
            }
            catch (Exception e) when (Away.IsCluster(e))
            {
                if (time.GetElapsedTime(started) + pause > Patience)
                    return null;
            }

            await Task.Delay(pause, time);
            call = again();
        }
    }

    private sealed record StrongBox(SwarmCounts Value);
}
