using Orleans.Concurrency;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Operations;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Swarms;

/// <summary>Reentrant: an announce that waits for its swarm to start holds up no other.</summary>
[OnSiloPlacement, Reentrant]
internal sealed class SwarmDeskGrain(SwarmCensus swarms, ISwarmScrapes scrapes, ILocalSiloDetails silo) : Grain, ISwarmDeskGrain
{
    public ValueTask<ReplyBatch> TryAnnounceAsync(AnnounceBatch announces) => ValueTask.FromResult(ReplyBatch.Of(
        Array.ConvertAll(announces.Read(), announce => swarms.TryAnnounce(announce.InfoHash, announce.Request)), announces.IsFirstVersion));

    public ValueTask<bool[]> HoldsAsync(InfoHash[] infoHashes) => ValueTask.FromResult(Array.ConvertAll(infoHashes, swarms.Holds));

    public Task<SwarmCounts[]?> ScrapeAsync(InfoHash[] infoHashes) => scrapes.CountAsync(infoHashes);

    public async ValueTask<AnnounceReply?> AnnounceAsync(ForwardedAnnounce announce)
    {
        var swarm = GrainFactory.GetGrain<ISwarmGrain>(announce.InfoHash.ToString());
        if (swarms.IsFull && !swarms.Holds(announce.InfoHash) && await GrainFactory.GetGrain<IManagementGrain>(0).GetActivationAddress(swarm) is null)
            return null;
        var reply = await swarm.AnnounceAsync(announce.Request);
        // Started elsewhere while this silo was away: every announce would have to go on from here.
        if (!swarms.Holds(announce.InfoHash))
            await swarm.MoveAsync(silo.SiloAddress);
        return reply;
    }
}
