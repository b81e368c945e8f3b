using Npgsql;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain.Migrations;
using Pbts.Grains.Chain.Outbox;
using Pbts.Hosting.Resilience;

namespace Pbts.Grains.Chain;

/// <summary>Wakes the account, the sync and an unfinished migration when a silo has started, so that what a crash interrupted goes on at once.</summary>
internal sealed class ChainStartup(ChainConnection connection, MigrationStore migrations, IChainSubmitter chain, IGrainFactory grains, TimeProvider time)
    : ILifecycleParticipant<ISiloLifecycle>
{
    /// <summary>Until the cluster has noticed that a silo is dead, calls to what ran there fail.</summary>
    private const int Tries = 12;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    public void Participate(ISiloLifecycle observer) => observer.Subscribe(nameof(ChainStartup), ServiceLifecycleStage.Active + 1, stopping =>
    {
        if (connection.Key is not null)
            Wake();
        return Task.CompletedTask;
    });

    /// <summary>Starts it all; not awaited, as a silo is ready whatever the chain does.</summary>
    public void Wake()
    {
        WakeAsync(chain.ResumeAsync).Ignore();
        WakeAsync(() => grains.GetGrain<IMemberSyncGrain>(0).MemberProvenAsync()).Ignore();
        WakeAsync(() => grains.GetGrain<IAnchorGrain>(0).GetAsync()).Ignore();
        WakeAsync(grains.GetGrain<IMemberClaimGrain>(0).ResumeAsync).Ignore();
        WakeAsync(async () =>
        {
            foreach (var id in await migrations.ReadUnfinishedAsync())
                await grains.GetGrain<IReputationMigrationGrain>(id).GetAsync();
        }).Ignore();
    }

    private async Task WakeAsync(Func<Task> wake)
    {
        for (var left = Tries; ; left--)
        {
            try
            {
                await wake();
                return;
            }
            catch (Exception e) when (left > 1 && Away.Is(e))
            {
                await Task.Delay(Pause, time);
            }
        }
    }
}
