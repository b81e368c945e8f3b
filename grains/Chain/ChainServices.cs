using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pbts.Grains.Chain.Anchors;
using Pbts.Grains.Chain.Claims;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Migrations;
using Pbts.Grains.Chain.Outbox;
using Pbts.Grains.Chain.Sync;
using Pbts.Hosting.Configuration;

namespace Pbts.Grains.Chain;

/// <summary>What the chain's grains need from their silo.</summary>
internal static class ChainServices
{
    public static IServiceCollection AddPbtsChain(this IServiceCollection services)
    {
        services.AddChecked<ChainOptions, ChainOptionsValidator>(ChainOptions.Section);
        services.AddSingleton<ChainConnection>();
        services.AddSingleton<ChainOutbox>();
        services.AddSingleton<ContractRecords>();
        services.AddSingleton<ContractTurns>();
        services.AddSingleton<MigrationStore>();
        services.AddSingleton<MemberSyncStore>();
        services.AddSingleton<MemberStanding>();
        services.AddSingleton<SyncBudget>();
        services.AddSingleton<AnchorStore>();
        services.AddSingleton<ProofStore>();
        services.AddSingleton<ClaimStore>();
        services.AddSingleton<IChainSubmitter, GrainSubmitter>();
        services.AddSingleton<ChainStartup>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<ChainStartup>());
        services.AddHostedService<ChainGauges>();
        return services;
    }
}
