using Orleans.Runtime;
using Pbts.Hosting.Resilience;

namespace Pbts.Api.Cluster;

/// <summary>Calls of grains that may be repeated without harm: what met a stopping or dead silo is tried again until the cluster has settled.</summary>
internal static class ClusterCalls
{
    /// <summary>Longer than it takes the cluster to notice a dead silo, shorter than callers wait.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A grain that could not read its state is tried again so often and no more: a database that has just started may need
    /// a moment, but one that is away is told at once.
    /// </summary>
    private const int StateRepeats = 2;

    /// <exception cref="OrleansException">No silo could be reached in time.</exception>
    /// <exception cref="TimeoutException">No silo answered in time.</exception>
    /// <exception cref="OperationCanceledException">The cluster could not say in time which silo it is.</exception>
    /// <param name="lateToo">Whether what was not answered in time is tried again; not where the first call may still be waiting its turn.</param>
    public static async Task<T> RepeatAsync<T>(Func<Task<T>> call, bool lateToo = true)
    {
        var started = TimeProvider.System.GetTimestamp();
        var stateFailures = 0;
        for (var pause = TimeSpan.FromMilliseconds(50); ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                return await call();
            }
            catch (Exception e) when (Away.IsCluster(e) && TimeProvider.System.GetElapsedTime(started) + pause < Patience
                && (lateToo || e is not TimeoutException) && (!IsOfState(e) || ++stateFailures <= StateRepeats))
            {
            }

            await Task.Delay(pause);
        }
    }

    /// <summary>Orleans has a type of its own for everything else that goes wrong in the cluster.</summary>
    private static bool IsOfState(Exception e) => e.GetType() == typeof(OrleansException);
}
