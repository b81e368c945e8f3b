namespace Pbts.Api.Http;

/// <summary>Every endpoint says who may call it; one that does not is closed.</summary>
internal static class RouteAccess
{
    /// <summary>Says who may call an endpoint, or all of a group that do not say otherwise.</summary>
    public static TBuilder For<TBuilder>(this TBuilder builder, Caller caller)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new OpenTo(caller));

    /// <summary>Opens an endpoint, or all of a group, to the administration alone, and puts on record what it does there.</summary>
    public static TBuilder RequireAdministrator<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.AddEndpointFilter<TBuilder, AdminAuthorization>().For(Caller.Administration);

    /// <summary>Closes what does not say who may call it.</summary>
    public static void UseRouteAccess(this WebApplication app) => app.Use((context, next) =>
        // What is no route, such as the answer to a wrong method, is the framework's own.
        context.GetEndpoint() is RouteEndpoint route && CallerOf(route) is null ? Answers.NotFound("not found").ExecuteAsync(context) : next(context));

    /// <summary>Who may call an endpoint; null when it does not say.</summary>
    public static Caller? CallerOf(Endpoint endpoint) => CallerOf(endpoint.Metadata);

    /// <summary>Who may call what has this metadata; the last that says so counts.</summary>
    public static Caller? CallerOf(IEnumerable<object> metadata) => metadata.OfType<OpenTo>().LastOrDefault()?.Caller;

    private sealed record OpenTo(Caller Caller);
}
