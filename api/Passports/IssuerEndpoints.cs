using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Administration;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Issuers;

namespace Pbts.Api.Passports;

/// <summary>Which other trackers are believed, and how far. None by default.</summary>
internal static partial class IssuerEndpoints
{
    public static void MapIssuers(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/issuers").RequireAdministrator();
        api.MapGet("", ListAsync).WithSummary("Trackers whose passports or contracts are believed, and how far (administration)");
        api.MapPut("/{name}", SetAsync).WithSummary("Add an issuer, or change what is given of one; what members brought from it counts accordingly at once (administration)")
            .Refuses(StatusCodes.Status409Conflict, StatusCodes.Status503ServiceUnavailable);
        api.MapDelete("/{name}", RemoveAsync).WithSummary("Believe a tracker no more: what members brought from it is kept and counts nothing (administration)").Refuses(StatusCodes.Status404NotFound);
    }

    private static async Task<Ok<IssuersAnswer>> ListAsync(IGrainFactory grains) =>
        TypedResults.Ok(new IssuersAnswer(true, [.. (await grains.GetGrain<IIssuersGrain>(0).ListAsync()).Select(IssuerAnswer.Of)]));

    private static async Task<Results<Ok<IssuerSetAnswer>, Refusal>> SetAsync(string name, Body<IssuerRequest> body, IGrainFactory grains)
    {
        if (!NameForm().IsMatch(name))
            return Answers.BadRequest("name must be 1 to 64 of a-z, 0-9, dot, dash and underscore, and begin with a letter or digit");
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        var issuers = grains.GetGrain<IIssuersGrain>(0);
        var (issuer, fault) = request.ApplyTo(name, (await issuers.ListAsync()).FirstOrDefault(known => known.Name == name));
        if (issuer is null)
            return Answers.BadRequest(fault!);
        var result = await issuers.SetAsync(issuer);
        return result.Issuer is null ? Answers.Error(result.IsUnavailable ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status409Conflict, result.Problem!)
            : TypedResults.Ok(new IssuerSetAnswer(true, IssuerAnswer.Of((await issuers.ListAsync()).FirstOrDefault(known => known.Name == name) ?? result.Issuer)));
    }

    private static async Task<Results<Ok<IssuerRemovedAnswer>, Refusal>> RemoveAsync(string name, IGrainFactory grains) =>
        await grains.GetGrain<IIssuersGrain>(0).RemoveAsync(name) ? TypedResults.Ok(new IssuerRemovedAnswer(true, name)) : Answers.NotFound("no issuer of this name");

    [GeneratedRegex("^[a-z0-9][a-z0-9._-]{0,63}\\z")]
    private static partial Regex NameForm();
}
