using Microsoft.Extensions.DependencyInjection;
using Pbts.Hosting.Configuration;

namespace Pbts.Grains.Trust;

/// <summary>What trust scores need from their silo.</summary>
internal static class TrustServices
{
    public static IServiceCollection AddPbtsTrust(this IServiceCollection services)
    {
        services.AddChecked<TrustOptions, TrustOptionsValidator>(TrustOptions.Section);
        services.AddSingleton<TrustStore>();
        services.AddSingleton<TrustViews>();
        services.AddSingleton<TrustJob>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, TrustStartup>();
        return services;
    }
}
