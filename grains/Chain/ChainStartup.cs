using Pbts.GrainInterfaces.Chain;

namespace Pbts.Grains.Chain;

/// <summary>Wakes the account, the sync and an unfinished migration when a silo has started, so that what a crash interrupted goes on at once.</summary>
internal sealed class ChainStartup(ChainConnection connection, MigrationStore migrations, IGrainFactory grains) : ILifecycleParticipant<ISiloLifecycle>
{
    public void Participate(ISiloLifecycle observer) => observer.Subscribe(
        nameof(ChainStartup), ServiceLifecycleStage.Active + 1, _ =>
        {
            // Not awaited: a silo is ready whatever the chain does.
            if (connection.Key is not { } key) return Task.CompletedTask;
            grains.GetGrain<IChainAccountGrain>(key.Address.ToString()).WaitAsync(Guid.Empty, TimeSpan.Zero).Ignore();
            grains.GetGrain<IMemberSyncGrain>(0).MemberProvenAsync().Ignore();
            ResumeAsync().Ignore();
            return Task.CompletedTask;
        });

    private async Task ResumeAsync()
    {
        foreach (var id in await migrations.ReadUnfinishedAsync()) grains.GetGrain<IReputationMigrationGrain>(id).GetAsync().Ignore();
    }
}
