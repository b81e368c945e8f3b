using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pbts.Hosting.Resilience;

namespace Pbts.Grains.Swarms;

/// <summary>Drops what the database keeps of swarms and nobody will ask for any more. Every silo does it; doing it twice is harmless.</summary>
internal sealed partial class SwarmUpkeep(SwarmStore store, SwarmRules rules, TimeProvider time, ILogger<SwarmUpkeep> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            do
            {
                try
                {
                    await store.DropOutdatedAsync(TimeSpan.FromSeconds(rules.Lifetime), stoppingToken);
                }
                catch (Exception e) when (Away.IsDatabase(e))
                {
                    LogFailed(e.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    [LoggerMessage(LogLevel.Warning, "Upkeep of the swarms waits for the database: {Problem}")]
    private partial void LogFailed(string problem);
}
