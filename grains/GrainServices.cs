using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Runtime.Hosting;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Chain;
using Pbts.Grains.Claims;
using Pbts.Grains.Database;
using Pbts.Grains.Issuers;
using Pbts.Grains.Ledger;
using Pbts.Grains.Operations;
using Pbts.Grains.Passports;
using Pbts.Grains.Placement;
using Pbts.Grains.Policy;
using Pbts.Grains.Settings;
using Pbts.Grains.Site;
using Pbts.Grains.Swarms;
using Pbts.Grains.Tee;
using Pbts.Grains.Torrents;
using Pbts.Grains.Trust;
using Pbts.Grains.Users;
using Pbts.Hosting.Configuration;

namespace Pbts.Grains;

/// <summary>What the grains need from their silo.</summary>
public static class GrainServices
{
    public static IServiceCollection AddPbtsGrains(this IServiceCollection services)
    {
        services.AddSingleton<SwarmStore>();
        services.AddSingleton<SwarmCensus>();
        services.AddSingleton<ILocalSwarms>(provider => provider.GetRequiredService<SwarmCensus>());
        services.AddSingleton<LaneListener>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<LaneListener>());
        services.AddSingleton<ISwarmScrapes, SwarmScrapes>();
        services.AddSingleton<RegisteredTorrents>();
        services.AddSingleton<IRegisteredTorrents>(provider => provider.GetRequiredService<RegisteredTorrents>());
        services.AddSingleton<TorrentWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<TorrentWatch>());
        services.AddSingleton<ClaimedTotals>();
        services.AddSingleton(provider => new SwarmRules(provider.GetRequiredService<IOptions<TrackerOptions>>()));
        services.AddSingleton<SwarmSurroundings>();
        services.AddPbtsChain();
        services.AddSingleton<HistoryStore>();
        services.AddHostedService<HistoryWriter>();
        services.AddHostedService<SwarmUpkeep>();
        services.AddSingleton<SettingsStore>();
        services.AddSingleton<TeeProviders>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, ChainKeyFromTee>();
        services.AddSingleton<UserStore>();
        services.AddSingleton<PolicyStore>();
        services.AddSingleton<SiteStore>();
        services.AddSingleton<ApiTokenStore>();
        services.AddSingleton<IssuerStore>();
        services.AddSingleton<ImportStore>();
        services.AddSingleton<PassportIssuer>();
        services.AddHostedService<IssuerUpkeep>();
        services.AddChecked<IssuersOptions, IssuersOptionsValidator>(IssuersOptions.Section);
        services.AddSingleton<InviteStore>();
        services.AddSingleton<Admissions>();
        services.AddSingleton<EvidenceStore>();
        services.AddSingleton<ReportVerifier>();
        services.AddTransient<ReportProcessor>();
        services.AddSingleton<DatabaseClock>();
        services.AddSingleton<LedgerMetrics>();
        services.AddSingleton<KeyHolders>();
        services.AddSingleton<ReceiptPartitions>();
        services.AddSingleton<TorrentStore>();
        services.AddSingleton<CreditRules>();
        services.AddChecked<MembersOptions, MembersOptionsValidator>(MembersOptions.Section);
        services.AddChecked<RatioOptions, RatioOptionsValidator>(RatioOptions.Section);
        services.AddChecked<TorrentsOptions, TorrentsOptionsValidator>(TorrentsOptions.Section);
        services.AddSingleton<IReceiptLedger, ReceiptLedger>();
        services.AddHostedService<LedgerUpkeep>();
        services.AddHostedService<OpenDoors>();
        services.AddPbtsTrust();
        services.AddPlacementDirector<OnSiloPlacement, OnSiloPlacementDirector>();
        return services;
    }
}
