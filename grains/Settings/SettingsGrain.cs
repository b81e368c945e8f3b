using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Concurrency;
using Orleans.Runtime;
using Pbts.GrainInterfaces.Settings;
using Pbts.Grains.Placement;
using Pbts.Hosting.Resilience;

namespace Pbts.Grains.Settings;

[StatelessWorker]
internal sealed partial class SettingsGrain(SettingsStore store, IClusterMembershipService membership, ILogger<SettingsGrain> logger) : Grain, ISettingsGrain
{
    public ValueTask<string> GetInstanceIdAsync() => store.GetInstanceIdAsync();

    public ValueTask<ClusterSettings> GetAsync() => store.GetAsync();

    public Task<long> CountSpentReceiptsAsync() => store.CountSpentReceiptsAsync();

    public async Task<ClusterSettings> ChangeAsync(SettingsChange change)
    {
        await store.WriteAsync(change);
        // As this silo knows them: the settings are written, so nothing may need the database that could fail now.
        var silos = membership.CurrentSnapshot.Members.Values.Where(member => member.Status == SiloStatus.Active);
        await Task.WhenAll(silos.Select(member => RefreshAsync(member.SiloAddress)));
        return await store.RefreshAsync();
    }

    private async Task RefreshAsync(SiloAddress silo)
    {
        try
        {
            await GrainFactory.GetGrain<ISettingsRefreshGrain>(silo.ToParsableString()).RefreshAsync();
        }
        catch (Exception e) when (Away.Is(e))
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
