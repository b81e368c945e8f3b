using Microsoft.AspNetCore.Http.Metadata;
using Pbts.Hosting.Access;

namespace Pbts.Api.Http;

/// <summary>
/// Describes the refusals of every endpoint: those that follow from who may call it, from its body and its parameters are
/// known here, what only the endpoint knows it says with <see cref="Refuses"/>.
/// </summary>
internal static class Refusals
{
    /// <summary>Names refusals of an endpoint's own.</summary>
    public static TBuilder Refuses<TBuilder>(this TBuilder builder, params int[] statuses)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new Own(statuses));

    /// <summary>Describes the refusals of all endpoints of the group.</summary>
    public static RouteGroupBuilder DescribeRefusals(this RouteGroupBuilder group)
    {
        ((IEndpointConventionBuilder)group).Finally(Describe);
        return group;
    }

    private static void Describe(EndpointBuilder endpoint)
    {
        var described = endpoint.Metadata.OfType<IProducesResponseTypeMetadata>().Select(answer => answer.StatusCode).ToHashSet();
        foreach (var status in Of((RouteEndpointBuilder)endpoint).Distinct().Except(described).Order())
            endpoint.Metadata.Add(new ProducesResponseTypeMetadata(status, typeof(ErrorAnswer), ["application/json"]));
    }

    private static IEnumerable<int> Of(RouteEndpointBuilder endpoint)
    {
        int[] byCaller = RouteAccess.CallerOf(endpoint.Metadata) switch
        {
            Caller.Administration or Caller.Member => [StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden],
            Caller.AsSet => [StatusCodes.Status403Forbidden],
            _ => [],
        };
        int[] byBody = endpoint.Metadata.OfType<IAcceptsMetadata>().Any()
            ? [StatusCodes.Status400BadRequest, StatusCodes.Status408RequestTimeout, StatusCodes.Status413PayloadTooLarge] : [];
        int[] byPath = endpoint.RoutePattern.Parameters.Count > 0 ? [StatusCodes.Status404NotFound] : [];
        int[] byQuery = endpoint.Metadata.OfType<IParameterBindingMetadata>().Any(parameter => parameter.ParameterInfo.ParameterType == typeof(string) && endpoint.RoutePattern.GetParameter(parameter.Name) is null)
            ? [StatusCodes.Status400BadRequest] : [];
        // Anybody may ask too much, and the cluster may be away.
        return [.. byCaller, .. byBody, .. byPath, .. byQuery, .. endpoint.Metadata.OfType<Own>().SelectMany(own => own.Statuses), StatusCodes.Status429TooManyRequests, StatusCodes.Status503ServiceUnavailable];
    }

    private sealed record Own(int[] Statuses);
}
