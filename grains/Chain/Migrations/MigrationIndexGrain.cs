using Orleans.Concurrency;
using Pbts.GrainInterfaces.Chain;

namespace Pbts.Grains.Chain.Migrations;

[StatelessWorker]
internal sealed class MigrationIndexGrain(MigrationStore store) : Grain, IMigrationIndexGrain
{
    public async Task<IReadOnlyList<MigrationView>> ListAsync() => await store.ListAsync();
}
