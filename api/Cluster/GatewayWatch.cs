using Orleans.Runtime;
using Pbts.GrainInterfaces.Operations;
using Pbts.Hosting.Resilience;

namespace Pbts.Api.Cluster;

/// <summary>
/// Ends a front end that one silo no longer answers although others do, for its supervisor to start it anew. Orleans
/// (10.4) knows such a state: after one failed answer a silo's gateway sends this client nothing any more, not even over a
/// new connection (Gateway.ClientState.RunMessageLoop returns), while the client goes on sending to it. Only a client
/// with a new identity, which is a new process, gets answers again.
/// </summary>
internal sealed partial class GatewayWatch(IGrainFactory grains, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<GatewayWatch> logger) : BackgroundService
{
    /// <summary>Grains of one kind go to all gateways, each always to the same while it lives; so many that none is left out.</summary>
    private const int Probes = 32;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    /// <summary>Longer than the cluster takes to notice a dead silo and this process to learn of it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var lastAnswer = new DateTimeOffset[Probes];
        Array.Fill(lastAnswer, time.GetUtcNow());
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await Task.WhenAll(Enumerable.Range(0, Probes).Select(async probe =>
            {
                if (await AnswersAsync(probe))
                    lastAnswer[probe] = time.GetUtcNow();
            }));

            // When nobody answers it is the cluster that is away: then a new process would not help.
            var now = time.GetUtcNow();
            var deaf = lastAnswer.Count(at => now - at > Patience);
            if (deaf == 0 || lastAnswer.Max() < now - Every)
                continue;
            LogDeaf(deaf, Probes, Patience.TotalSeconds);
            Environment.ExitCode = 1;
            lifetime.StopApplication();
            return;
        }
    }

    private async Task<bool> AnswersAsync(int probe)
    {
        try
        {
            await grains.GetGrain<IReadinessGrain>(probe).PingAsync();
            return true;
        }
        catch (Exception e) when (Away.IsCluster(e))
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Critical, "{Deaf} of {Probes} calls have had no answer for {Seconds} seconds while the others have: this process ends, to be started again with a new connection to every silo")]
    private partial void LogDeaf(int deaf, int probes, double seconds);
}
