using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Administration;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Tee;
using Pbts.Hosting.Access;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Tee;

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
        app.MapGet("/tee/status", StatusAsync).For(Caller.Anybody).WithSummary("The trusted machine and what was done with it").Produces<TeeStatusAnswer>();
        app.MapPost("/tee/reset-statistics", ResetAsync).RequireAdministrator().WithSummary("Set the counters to zero (administrators)");
        app.MapPost("/keygen-tee", KeygenAsync).For(Caller.AsSet).AddEndpointFilter<KeyEndpointAccess>().WithSummary("Make a key pair out of the machine's secrets")
            .Accepts<KeygenTeeRequest>(isOptional: true, "application/json", "*/*").Produces<KeygenTeeAnswer>();
        app.MapPost("/generate-attestation", GenerateAsync).For(Caller.Anybody).WithSummary("A quote of the tracker's machine over a payload")
            .Accepts<GenerateAttestationRequest>("application/json", "*/*").Produces<GenerateAttestationAnswer>();
        app.MapVerification();
    }

    public static string? Unavailable(this TeeStatus status) => status.Problem is null ? null : "TEE not available: " + status.Problem;

    private static async Task<IResult> StatusAsync(IGrainFactory grains)
    {
        var status = await Tee(grains).GetStatusAsync();
        return TypedResults.Ok(new TeeStatusAnswer(
            status.Available, status.Mode, status.Unavailable(), status.AppId, status.ComposeHash,
            status.PublicKey is { } key ? Convert.ToBase64String(key) : null, status.EthereumAddress, StatisticsMessage.From(status.Statistics)));
    }

    private static async Task<IResult> ResetAsync(IGrainFactory grains)
    {
        await Tee(grains).ResetStatisticsAsync();
        return TypedResults.Ok(new { success = true, message = "Statistics reset" });
    }

    private static async Task<IResult> KeygenAsync(HttpContext context, IGrainFactory grains)
    {
        string? salt = null;
        bool? useTee = null;
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != false && context.Request.ContentLength != 0)
        {
            var (fields, refusal) = await JsonBody.ReadAsync(context);
            if (refusal is not null)
                return refusal;
            salt = fields.OptionalText("salt");
            useTee = fields.OptionalBoolean("use_tee");
            if (salt is not null && !TeeKeys.IsSalt(salt))
                fields.Wrong("salt", $"must be 1 to {TeeKeys.MaxSalt} letters, digits, dots, hyphens or underscores", 0);
            if (fields.Error is { } error)
                return Answers.BadRequest(error);
        }

        salt ??= Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var made = await Tee(grains).GenerateKeyAsync(salt, useTee ?? true);
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

    private static async Task<IResult> GenerateAsync(HttpContext context, IGrainFactory grains)
    {
        var (fields, refusal) = await JsonBody.ReadAsync(context, JsonBody.Attestation);
        if (refusal is not null)
            return refusal;
        if (!fields.Has("payload"))
            return Answers.BadRequest("Missing payload");
        var payload = Payload(fields, "payload");
        var nonce = fields.Has("nonce") ? fields.Hex("nonce", AttestationClaims.NonceSize) : RandomNumberGenerator.GetBytes(AttestationClaims.NonceSize);
        if (fields.Error is { } error)
            return Answers.BadRequest(error);
        var made = await Tee(grains).AttestAsync(AttestationPurpose.Challenge, payload, nonce);
        if (made.Value is not { } attestation || !AttestationDocument.TryParse(attestation.Document, out var document))
            return NotAvailable(made.Problem);
        return TypedResults.Ok(new GenerateAttestationAnswer(
            true, Convert.ToHexStringLower(document.Quote), attestation.Milliseconds, Encoding.UTF8.GetString(payload), document.Quote.Length,
            Convert.ToHexStringLower(document.Claims.ReportData()), ClaimsMessage.From(document.Claims), Convert.ToBase64String(attestation.Document)));
    }

    /// <summary>Text of 1 to 16384 bytes.</summary>
    public static byte[] Payload(JsonFields fields, string name)
    {
        var bytes = Encoding.UTF8.GetBytes(fields.Text(name));
        return bytes.Length <= AttestationClaims.MaxPayload ? bytes : fields.Wrong(name, $"is too long: at most {AttestationClaims.MaxPayload} bytes", Array.Empty<byte>());
    }

    private static JsonHttpResult<ErrorAnswer> NotAvailable(string? problem) => Answers.Error(StatusCodes.Status503ServiceUnavailable, "TEE not available: " + problem);

    private static ITeeGrain Tee(IGrainFactory grains) => grains.GetGrain<ITeeGrain>(0);
}
