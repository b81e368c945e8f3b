using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Site;

namespace Pbts.Api.Site;

/// <summary>The factors for everybody and everything. Two may set them at a time: with <c>If-Match</c> nobody undoes what he has not seen.</summary>
internal static class SiteFactorEndpoints
{
    public static void MapSiteFactors(this IEndpointRouteBuilder api)
    {
        api.MapGet("/factors", GetAsync).Reads("What is credited of everybody's downloads and uploads, in per cent");
        api.MapPut("/factors", SetAsync).Writes("Set them, for a time or until further notice; with If-Match only where they are still what the ETag stood for").Refuses(StatusCodes.Status412PreconditionFailed);
    }

    private static async Task<Ok<SiteFactorsAnswer>> GetAsync(HttpContext context, IGrainFactory grains) =>
        Answer(context, await grains.GetGrain<ISiteGrain>(0).GetFactorsAsync());

    private static async Task<Results<Ok<SiteFactorsAnswer>, Refusal>> SetAsync(Body<SiteFactorsRequest> body, HttpContext context, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        var site = grains.GetGrain<ISiteGrain>(0);
        var factors = request.Factors;
        SiteFactors? expected = null;
        if (context.Request.Headers.IfMatch.Count > 0)
        {
            expected = await site.GetFactorsAsync();
            var tag = TagOf(expected);
            if (!context.Request.GetTypedHeaders().IfMatch.Any(given => given.Equals(EntityTagHeaderValue.Any) || given.Compare(tag, useStrongComparison: true)))
                return Changed();
        }

        return await site.SetFactorsAsync(factors, expected) ? Answer(context, factors) : Changed();
    }

    private static Refusal Changed() => Answers.Error(StatusCodes.Status412PreconditionFailed, "the factors are not what If-Match says any more: read them again");

    private static Ok<SiteFactorsAnswer> Answer(HttpContext context, SiteFactors factors)
    {
        context.Response.GetTypedHeaders().ETag = TagOf(factors);
        return TypedResults.Ok(new SiteFactorsAnswer(true, factors.Download, factors.Upload, SiteEndpoints.Seconds(factors.Until)));
    }

    private static EntityTagHeaderValue TagOf(SiteFactors factors) => new($"\"{Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"{factors.Download} {factors.Upload} {factors.Until?.ToUnixTimeMilliseconds()}"))))[..32]}\"");
}

/// <summary>Body of <c>PUT /api/v1/factors</c>.</summary>
/// <param name="DownloadFactor">Per cent of a download that is credited, 0 to 1000; the lowest that applies counts.</param>
/// <param name="UploadFactor">Per cent of an upload that is credited, 0 to 1000; the highest that applies counts.</param>
/// <param name="Until">When both become 100, in Unix seconds; null: never.</param>
internal sealed record SiteFactorsRequest(int DownloadFactor, int UploadFactor, double? Until = null) : IBody<SiteFactorsRequest>
{
    internal SiteFactors Factors { get; private init; } = new();

    public static SiteFactorsRequest Read(JsonFields fields)
    {
        var factors = new SiteFactors((int)fields.Unsigned("download_factor", 1000), (int)fields.Unsigned("upload_factor", 1000), fields.OptionalTime("until"));
        return new(factors.Download, factors.Upload, SiteEndpoints.Seconds(factors.Until)) { Factors = factors };
    }
}

/// <summary>The factors for everything, with an <c>ETag</c>. Time in Unix seconds.</summary>
internal sealed record SiteFactorsAnswer(bool Success, int DownloadFactor, int UploadFactor, double? Until);
