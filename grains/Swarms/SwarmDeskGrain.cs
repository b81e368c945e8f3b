using Orleans.Concurrency;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Placement;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Swarms;

/// <summary>Reentrant: an announce that waits for its swarm to start holds up no other.</summary>
[OnSiloPlacement, Reentrant]
internal sealed class SwarmDeskGrain(SwarmCensus swarms, IRegisteredTorrents torrents, ISwarmScrapes scrapes, LaneListener lane, ILocalSiloDetails silo) : Grain, ISwarmDeskGrain
{
    public ValueTask<ReplyBatch> TryAnnounceAsync(AnnounceBatch announces) => ValueTask.FromResult(swarms.TryAnnounce(announces));

    public ValueTask<int> LanePortAsync() => ValueTask.FromResult(lane.Port);

    public ValueTask<bool[]> HoldsAsync(InfoHash[] infoHashes) => ValueTask.FromResult(Array.ConvertAll(infoHashes, swarms.Holds));

    public Task<SwarmCounts[]?> ScrapeAsync(InfoHash[] infoHashes) => scrapes.CountAsync(infoHashes);

    public async ValueTask<AnnounceReply?> AnnounceAsync(ForwardedAnnounce announce)
    {
        var swarm = GrainFactory.GetGrain<ISwarmGrain>(announce.InfoHash.ToString());
        if (!swarms.Holds(announce.InfoHash))
        {
            // While the registry cannot be read, what is active somewhere goes on.
            if (await torrents.RefuseAsync(announce.InfoHash) is { } refusal && (refusal.Refusal == AnnounceRefusal.Unregistered || await IsNowhereAsync(swarm)))
                return refusal;
            if (swarms.IsFull && await IsNowhereAsync(swarm))
                return null;
        }

        var reply = await swarm.AnnounceAsync(announce.Request);
        // Started elsewhere while this silo was away: every announce would have to go on from here.
        if (reply.Refusal == AnnounceRefusal.None && !swarms.Holds(announce.InfoHash))
            await swarm.MoveAsync(silo.SiloAddress);
        return reply;
    }

    private async ValueTask<bool> IsNowhereAsync(ISwarmGrain swarm) => await GrainFactory.GetGrain<IManagementGrain>(0).GetActivationAddress(swarm) is null;
}
