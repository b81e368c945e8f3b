using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Hosting;
using Pbts.Grains.Chain;
using Pbts.Grains.Operations;
using Pbts.Grains.Swarms;

namespace Pbts.Grains;

/// <summary>What the grains need from their silo.</summary>
public static class GrainServices
{
    public static IServiceCollection AddPbtsGrains(this IServiceCollection services)
    {
        services.AddSingleton<SwarmStore>();
        services.AddSingleton<SwarmCensus>();
        services.AddSingleton<ClaimedTotals>();
        services.AddPbtsChain();
        services.AddPlacementDirector<OnSiloPlacement, OnSiloPlacementDirector>();
        return services;
    }
}
