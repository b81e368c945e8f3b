using System.Text.Json;
using Microsoft.Extensions.Options;
using Pbts.Api.Admission;
using Pbts.Api.Announce;
using Pbts.Api.Http;
using Pbts.Api.Torrents;
using Pbts.Api.Users;
using Pbts.Hosting.Configuration;

namespace Pbts.Api.Members;

/// <summary>The JSON interface of PBTS peers, and its description.</summary>
internal static class MemberEndpoints
{
    public static void AddMemberEndpoints(this IServiceCollection services)
    {
        services.AddOptions<AdministrationOptions>().BindConfiguration(AdministrationOptions.Section).ValidateOnStart();
        services.AddOptions<RatioOptions>().BindConfiguration(RatioOptions.Section).ValidateOnStart();
        services.AddOptions<TorrentsOptions>().BindConfiguration(TorrentsOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<TorrentsOptions>, TorrentsOptionsValidator>();
        services.AddOptions<MembersOptions>().BindConfiguration(MembersOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<MembersOptions>, MembersOptionsValidator>();
        services.AddSingleton<IValidateOptions<RatioOptions>, RatioOptionsValidator>();
        services.AddSingleton<IValidateOptions<AdministrationOptions>, AdministrationOptionsValidator>();
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower);
        services.AddSingleton<AuditTrail>();
        services.AddHostedService(provider => provider.GetRequiredService<AuditTrail>());
        services.AddSingleton<AdminAuthorization>();
        services.AddOptions<LimitsOptions>().BindConfiguration(LimitsOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<LimitsOptions>, LimitsOptionsValidator>();
        services.AddSingleton<CallerLimits>();
        services.AddSingleton<BodyBudget>();
        services.AddSingleton<Moments>();
        services.AddHostedService<LimitsAtStart>();
        services.AddSingleton<VerificationBudget>();
        services.AddHostedService<InstanceLookup>();
        services.AddSingleton<IUserDirectory, UserDirectory>();
        services.AddSingleton<MemberOrAdministration>();
        services.AddSingleton<IAnnounceAccess, UserAccess>();
        services.AddApiDocument();
    }

    public static void MapMembers(this WebApplication app)
    {
        app.MapRegistration();
        app.MapReport();
        app.MapTorrents();
        app.MapUsers();
        app.MapMemberChanges();
        app.MapInvites();
        app.MapEvidence();
        app.MapKeys();
        app.MapConfig();
        app.MapApiDocument();
    }
}
