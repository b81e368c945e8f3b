using Pbts.GrainInterfaces.Trust;
using Pbts.Hosting.Resilience;

namespace Pbts.Grains.Trust;

/// <summary>Wakes the grain that computes trust scores when a silo has started: from then on its reminder does.</summary>
internal sealed class TrustStartup(IGrainFactory grains, TimeProvider time) : ILifecycleParticipant<ISiloLifecycle>
{
    /// <summary>Until the cluster has noticed that a silo is dead, calls to what ran there fail.</summary>
    private const int Tries = 12;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    public void Participate(ISiloLifecycle observer) => observer.Subscribe(nameof(TrustStartup), ServiceLifecycleStage.Active + 1, stopping =>
    {
        WakeAsync().Ignore();
        return Task.CompletedTask;
    });

    private async Task WakeAsync()
    {
        for (var left = Tries; ; left--)
        {
            try
            {
                await grains.GetGrain<ITrustGrain>(0).WakeAsync();
                return;
            }
            catch (Exception e) when (left > 1 && Away.Is(e))
            {
                await Task.Delay(Pause, time);
            }
        }
    }
}
