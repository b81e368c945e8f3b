using Orleans.Runtime;
using Pbts.GrainInterfaces.Operations;
using Pbts.Hosting.Resilience;

namespace Pbts.Hosting.Health;

/// <summary>
/// Whether this process can do its work: a silo answers it and can start a swarm that was not there. Looked at once a second
/// at most, however often it is asked.
/// </summary>
internal sealed partial class ReadinessProbe(IGrainFactory grains, Readiness readiness, TimeProvider time, ILogger<ReadinessProbe> logger)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private Task<string?>? _look;
    private long _lookedAt;

    /// <returns>Null when it is ready, or why it is not.</returns>
    public Task<string?> ProblemAsync()
    {
        if (readiness.Problem is { } known)
            return Task.FromResult<string?>(known);
        lock (_gate)
        {
            if (_look is null || (_look.IsCompleted && time.GetElapsedTime(_lookedAt) > Lifetime))
                (_look, _lookedAt) = (LookAsync(), time.GetTimestamp());
            return _look;
        }
    }

    private async Task<string?> LookAsync()
    {
        try
        {
            await grains.GetGrain<IReadinessGrain>(0).StartSwarmAsync().AsTask().WaitAsync(Patience);
            return null;
        }
        catch (Exception e) when (Away.IsCluster(e))
        {
            return "no silo answers";
        }
#pragma warning disable CA1031 // Whatever it is, this process does not serve; the operator gets the whole story.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(e);
            return "no swarm can be started";
        }
    }

    [LoggerMessage(LogLevel.Error, "No swarm can be started")]
    private partial void LogFailed(Exception exception);
}
