namespace Pbts.Hosting.Access;

/// <summary>Every endpoint says who may call it; one that does not is closed.</summary>
public static class RouteAccess
{
    /// <summary>Says who may call an endpoint, or all of a group that do not say otherwise.</summary>
    public static TBuilder For<TBuilder>(this TBuilder builder, Caller caller)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new OpenTo(caller));

    /// <summary>Who may call an endpoint; null when it does not say.</summary>
    public static Caller? CallerOf(Endpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return CallerOf(endpoint.Metadata);
    }

    /// <summary>Who may call what has this metadata; the last that says so counts.</summary>
    public static Caller? CallerOf(IEnumerable<object> metadata) => metadata.OfType<OpenTo>().LastOrDefault()?.Caller;

    private sealed record OpenTo(Caller Caller);
}
