using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Administration;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Tee;
using Pbts.Hosting.Access;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Bls;

namespace Pbts.Api.Tee;

/// <summary>What the tracker does with the trusted machine it runs in.</summary>
internal static class TeeEndpoints
{
    public static void AddTeeEndpoints(this IServiceCollection services)
    {
        services.AddSingleton<CollateralSource>();
        services.AddSingleton<AttestationVerifier>();
    }

    public static void MapTee(this IEndpointRouteBuilder app)
    {
        app.MapGet("/tee/status", StatusAsync).For(Caller.Anybody).WithSummary("The trusted machine and what was done with it");
        app.MapPost("/tee/reset-statistics", ResetAsync).RequireAdministrator().WithSummary("Set the counters to zero (administrators)");
        app.MapPost("/keygen-tee", KeygenAsync).For(Caller.AsSet).AddEndpointFilter<KeyEndpointAccess>().WithSummary("Make a key pair out of the machine's secrets");
        app.MapPost("/generate-attestation", GenerateAsync).For(Caller.Anybody).WithSummary("A quote of the tracker's machine over a payload");
        app.MapVerification();
    }

    public static string? Unavailable(this TeeStatus status) => status.Problem is null ? null : "TEE not available: " + status.Problem;

    private static async Task<Ok<TeeStatusAnswer>> StatusAsync(IGrainFactory grains)
    {
        var status = await Tee(grains).GetStatusAsync();
        return TypedResults.Ok(new TeeStatusAnswer(
            status.Available, status.Mode, status.Unavailable(), status.AppId, status.ComposeHash,
            status.PublicKey is { } key ? Convert.ToBase64String(key) : null, status.EthereumAddress, StatisticsMessage.From(status.Statistics)));
    }

    private static async Task<Ok<TeeResetAnswer>> ResetAsync(IGrainFactory grains)
    {
        await Tee(grains).ResetStatisticsAsync();
        return TypedResults.Ok(new TeeResetAnswer(true, "Statistics reset"));
    }

    private static async Task<Results<Ok<KeygenTeeAnswer>, Refusal>> KeygenAsync(Body<KeygenTeeRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        var salt = request.Salt ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var made = await Tee(grains).GenerateKeyAsync(salt, request.UseTee);
        if (made.Value is not { } key)
            return NotAvailable(made.Problem);
        var derived = key.Path is not null;
        var answer = new KeygenTeeAnswer(
            true, Convert.ToBase64String(key.Secret), Convert.ToBase64String(key.PublicKey), derived ? "BLS12-381 (TEE-derived)" : "BLS12-381", BlsSecretKey.Size, BlsPublicKey.Size,
            derived, key.Milliseconds, derived ? salt : null, key.Path,
            "Keep private_key secret: whoever has it can act as you, and so can whoever runs this tracker, who can derive it again. It has travelled over this connection.");
        CryptographicOperations.ZeroMemory(key.Secret);
        return TypedResults.Ok(answer);
    }

    private static async Task<Results<Ok<GenerateAttestationAnswer>, Refusal>> GenerateAsync(Body<GenerateAttestationRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        var nonce = request.Nonce?.Bytes ?? RandomNumberGenerator.GetBytes(AttestationClaims.NonceSize);
        var made = await Tee(grains).AttestAsync(AttestationPurpose.Challenge, Encoding.UTF8.GetBytes(request.Payload), nonce);
        if (made.Value is not { } attestation || !AttestationDocument.TryParse(attestation.Document, out var document))
            return NotAvailable(made.Problem);
        return TypedResults.Ok(new GenerateAttestationAnswer(
            true, Convert.ToHexStringLower(document.Quote), attestation.Milliseconds, request.Payload, document.Quote.Length,
            Convert.ToHexStringLower(document.Claims.ReportData()), ClaimsMessage.From(document.Claims), Convert.ToBase64String(attestation.Document)));
    }

    private static Refusal NotAvailable(string? problem) => Answers.Error(StatusCodes.Status503ServiceUnavailable, "TEE not available: " + problem);

    private static ITeeGrain Tee(IGrainFactory grains) => grains.GetGrain<ITeeGrain>(0);
}
