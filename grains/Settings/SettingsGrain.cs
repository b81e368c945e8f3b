using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Pbts.GrainInterfaces.Settings;
using Pbts.Grains.Operations;

namespace Pbts.Grains.Settings;

[StatelessWorker]
internal sealed partial class SettingsGrain(SettingsStore store, ILogger<SettingsGrain> logger) : Grain, ISettingsGrain
{
    public ValueTask<string> GetInstanceIdAsync() => store.GetInstanceIdAsync();

    public ValueTask<ClusterSettings> GetAsync() => store.GetAsync();

    public Task<long> CountSpentReceiptsAsync() => store.CountSpentReceiptsAsync();

    public async Task<ClusterSettings> ChangeAsync(SettingsChange change)
    {
        await store.WriteAsync(change);
        var silos = await GrainFactory.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true);
        await Task.WhenAll(silos.Keys.Select(RefreshAsync));
        return await store.RefreshAsync();
    }

    private async Task RefreshAsync(SiloAddress silo)
    {
        try
        {
            await GrainFactory.GetGrain<ISettingsRefreshGrain>(silo.ToParsableString()).RefreshAsync();
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            // It reads the settings by itself every two seconds.
            LogUnreachable(silo, e.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Silo {Silo} could not be told of new settings: {Problem}")]
    private partial void LogUnreachable(SiloAddress silo, string problem);
}

[OnSiloPlacement]
internal sealed class SettingsRefreshGrain(SettingsStore store) : Grain, ISettingsRefreshGrain
{
    public Task RefreshAsync() => store.RefreshAsync();
}
