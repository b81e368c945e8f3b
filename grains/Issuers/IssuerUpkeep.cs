using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pbts.Hosting.Resilience;

namespace Pbts.Grains.Issuers;

/// <summary>Begins and ends issuers at the times the operator has set. Every silo does it; doing it twice is harmless.</summary>
internal sealed partial class IssuerUpkeep(IssuerStore issuers, TimeProvider time, ILogger<IssuerUpkeep> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            try
            {
                await issuers.RefreshAsync();
            }
            catch (Exception e) when (Away.IsDatabase(e))
            {
                LogFailed(e.Message);
            }
        }
        while (await NextAsync(timer, stoppingToken));
    }

    private static async ValueTask<bool> NextAsync(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Issuers whose time has come wait for the database: {Problem}")]
    private partial void LogFailed(string problem);
}
