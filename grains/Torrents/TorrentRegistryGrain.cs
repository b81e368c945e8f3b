using Orleans.Concurrency;
using Pbts.GrainInterfaces.Torrents;

namespace Pbts.Grains.Torrents;

[StatelessWorker, Reentrant]
internal sealed class TorrentRegistryGrain(TorrentStore torrents) : Grain, ITorrentRegistryGrain
{
    public async ValueTask<PublishOutcome> PublishAsync(IReadOnlyList<TorrentEntry> entries, string? publisher) => await torrents.PublishAsync(entries, publisher);

    public async ValueTask<TorrentEntry?> FindAsync(string infoHash) => await torrents.FindAsync(infoHash);
}
