using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Administration;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Policy;

namespace Pbts.Api.Policy;

/// <summary>Tokens for programs, each for what it needs and no more.</summary>
internal static class TokenEndpoints
{
    public static void MapTokens(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1/tokens").RequireAdministrator();
        api.MapGet("", ListAsync).WithSummary("The tokens there are, never themselves (administration)");
        api.MapPost("", CreateAsync).WithSummary("Make a token for a program: its name, and its scopes of admin, site:read, site:write, stats:read, evidence:read (administration)");
        api.MapDelete("/{id:long}", RevokeAsync).WithSummary("End a token, on every front end within a second (administration)");
    }

    private static async Task<Ok<TokensAnswer>> ListAsync(IGrainFactory grains) =>
        TypedResults.Ok(new TokensAnswer(true, [.. (await grains.GetGrain<IApiTokensGrain>(0).ListAsync()).Select(token => TokenAnswer.Of(token))]));

    private static async Task<Results<Created<TokenAnswer>, Refusal>> CreateAsync(Body<TokenRequest> body, IGrainFactory grains, ApiTokens tokens)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        var text = RandomNumberGenerator.GetHexString(64, lowercase: true);
        if (await grains.GetGrain<IApiTokensGrain>(0).CreateAsync(request.Name, request.Scopes, ApiTokens.HashOf(text)) is not { } made)
            return Answers.Conflict($"there are {IApiTokensGrain.Most} tokens already: revoke some");
        tokens.Add(new(ApiTokens.HashOf(text), made.Id, made.Name, made.Scopes));
        return TypedResults.Created((string?)null, TokenAnswer.Of(made, text));
    }

    private static async Task<Results<Ok<TokenRevokedAnswer>, Refusal>> RevokeAsync(long id, IGrainFactory grains, ApiTokens tokens)
    {
        if (!await grains.GetGrain<IApiTokensGrain>(0).RevokeAsync(id))
            return Answers.NotFound("no such token");
        tokens.Remove(id);
        return TypedResults.Ok(new TokenRevokedAnswer(true, id));
    }
}

/// <summary>Body of <c>POST /api/v1/tokens</c>.</summary>
/// <param name="Name">What it is for, 1 to 64 characters.</param>
/// <param name="Scopes">What it may do.</param>
internal sealed record TokenRequest(string Name, IReadOnlyList<string> Scopes) : IBody<TokenRequest>
{
    private const int LongestName = 64;

    public static TokenRequest Read(JsonFields fields)
    {
        var name = fields.Text("name");
        if (name.Length > LongestName)
            fields.Wrong("name", $"is too long: at most {LongestName} characters", name);
        var scopes = fields.OptionalArray("scopes", ApiScope.All.Count).Select(scope => scope.ToString()).Distinct().ToArray();
        if (scopes.Length == 0)
            fields.Wrong("scopes", "is missing", scopes);
        if (Array.Find(scopes, scope => !ApiScope.All.Contains(scope)) is { } unknown)
            fields.Wrong("scopes", $"must be of {string.Join(", ", ApiScope.All)}", unknown);
        return new(name, scopes);
    }
}

/// <summary>A token. Times in Unix seconds.</summary>
/// <param name="Token">Itself: said when it is made and never again.</param>
/// <param name="LastUsedAt">To the minute; null: never.</param>
internal sealed record TokenAnswer(
    long Id, string Name, IReadOnlyList<string> Scopes, double MadeAt, double? LastUsedAt, double? RevokedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Token = null)
{
    public static TokenAnswer Of(ApiToken token, string? text = null) => new(
        token.Id, token.Name, token.Scopes, Seconds(token.MadeAt)!.Value, Seconds(token.LastUsedAt), Seconds(token.RevokedAt), text);

    private static double? Seconds(DateTimeOffset? time) => time?.ToUnixTimeMilliseconds() / 1000.0;
}

/// <summary>Answer to <c>GET /api/v1/tokens</c>, the newest first.</summary>
internal sealed record TokensAnswer(bool Success, IReadOnlyList<TokenAnswer> Tokens);

/// <summary>Answer to <c>DELETE /api/v1/tokens/{id}</c>.</summary>
internal sealed record TokenRevokedAnswer(bool Success, long Id);
