using Pbts.GrainInterfaces.Users;

namespace Pbts.Grains.Users;

/// <summary>Takes the readers of one member's evidence one by one, so that none of them alone can keep the database busy.</summary>
internal sealed class EvidenceGrain(EvidenceStore store) : Grain, IEvidenceGrain
{
    public async Task<EvidencePage> ReadAsync(byte[]? after, long? since, int count)
    {
        var page = await store.ReadAsync(this.GetPrimaryKeyString(), after, since, Math.Clamp(count, 1, IEvidenceGrain.MaxPage));
        if (page is { Lines: null, Busy: false })
            DeactivateOnIdle();
        return page;
    }
}
