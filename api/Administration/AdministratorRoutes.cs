using Pbts.Api.Http;
using Pbts.Hosting.Access;

namespace Pbts.Api.Administration;

/// <summary>Closes the routes of the administration, and those that do not say whose they are.</summary>
internal static class AdministratorRoutes
{
    /// <summary>Opens an endpoint, or all of a group, to the administration alone, and puts on record what it does there.</summary>
    public static TBuilder RequireAdministrator<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.AddEndpointFilter<TBuilder, AdminAuthorization>().For(Caller.Administration);

    /// <summary>Closes what does not say who may call it.</summary>
    public static void UseRouteAccess(this WebApplication app) => app.Use((context, next) =>
        // What is no route, such as the answer to a wrong method, is the framework's own.
        context.GetEndpoint() is RouteEndpoint route && RouteAccess.CallerOf(route) is null ? Answers.NotFound("not found").ExecuteAsync(context) : next(context));
}
