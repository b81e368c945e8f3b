using System.Diagnostics;
using Pbts.Api.Callers;
using Pbts.Api.Http;
using Pbts.Hosting.Access;
using Pbts.Hosting.Workers;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Ethereum;

namespace Pbts.Api.Tee;

/// <summary>Verifies the attestations of this and other trackers; needs no trusted machine.</summary>
internal static class VerificationEndpoints
{
    private const long MaxAge = 315_360_000;

    public static void MapVerification(this IEndpointRouteBuilder app) =>
        app.MapPost("/verify-attestation", VerifyAsync).For(Caller.Anybody).WithSummary("Verify a quote and what it stands for")
            .Accepts<VerifyAttestationRequest>("application/json", "*/*").Produces<VerifyAttestationAnswer>();

    private static async Task<IResult> VerifyAsync(HttpContext context, AttestationVerifier verifier, VerificationBudget budget, ClientAddressResolver addresses)
    {
        var address = addresses.Resolve(context);
        if (!budget.Allows(address, VerificationBudget.Single))
            return Answers.TooMany(context);
        var turn = new VerificationTurn(RateLimiter.KeyOf(address), VerificationKind.Convenience);
        var (fields, refusal) = await JsonBody.ReadAsync(context, JsonBody.Attestation);
        if (refusal is not null)
            return refusal;
        if (fields.Has("pccs_url"))
            return Answers.BadRequest("pccs_url is not accepted: the tracker asks the service of its own configuration (Tee:PccsUrl) and no other");
        var expected = new AttestationExpectation
        {
            Payload = fields.Has("expected_payload") ? TeeEndpoints.Payload(fields, "expected_payload") : null,
            Nonce = fields.Has("nonce") ? fields.Hex("nonce", AttestationClaims.NonceSize) : null,
            PublicKey = fields.OptionalBase64("public_key", 48),
            MaxAge = fields.OptionalUnsigned("max_age", (ulong)MaxAge) is { } age ? TimeSpan.FromSeconds((long)age) : verifier.MaxAge,
        };
        var started = Stopwatch.GetTimestamp();
        QuoteVerdict? verdict;
        AttestationClaims? claims = null;
        if (fields.Has("attestation"))
        {
            var document = ReadDocument(fields, "attestation");
            if (fields.Error is { } wrong)
                return Answers.BadRequest(wrong);
            claims = document!.Claims;
            verdict = await verifier.VerifyAsync(document, expected, turn, context.RequestAborted);
        }
        else
        {
            if (!fields.Has("quote") || !(fields.Has("expected_payload") || fields.Has("expected_report_data")))
                return Answers.BadRequest("Missing quote or expected_payload");
            var quote = HexOfAnyLength(fields, "quote");
            claims = ReadClaims(fields, expected.Payload);
            var reportData = fields.Has("expected_report_data") ? fields.Hex("expected_report_data", 64) : null;
            if (fields.Error is { } wrong)
                return Answers.BadRequest(wrong);
            verdict = claims is not null ? await verifier.VerifyAsync(new AttestationDocument(claims, quote), expected, turn, context.RequestAborted)
                : (await verifier.VerifyAsync(quote, turn, context.RequestAborted)) is { } bare ? WithoutClaims(bare, reportData) : null;
        }

        return verdict is null ? Answers.TooMany(context) : TypedResults.Ok(Answer(verdict, claims, Stopwatch.GetElapsedTime(started).TotalMilliseconds));
    }

    /// <summary>A whole attestation in base64.</summary>
    public static AttestationDocument? ReadDocument(JsonFields fields, string name)
    {
        var text = fields.Text(name);
        var bytes = new byte[text.Length];
        return fields.Error is not null ? null
            : !Convert.TryFromBase64String(text, bytes, out var length) ? fields.Wrong<AttestationDocument?>(name, "is not valid base64", null)
            : AttestationDocument.TryParse(bytes.AsSpan(0, length), out var document) ? document
            : fields.Wrong<AttestationDocument?>(name, "is not an attestation as /generate-attestation gives it", null);
    }

    private static byte[] HexOfAnyLength(JsonFields fields, string name)
    {
        var text = fields.Text(name);
        if (text.Length > 2 * Quote.MaxSize)
            return fields.Wrong(name, $"is too long: at most {Quote.MaxSize} bytes", Array.Empty<byte>());
        var bytes = new byte[text.Length / 2];
        return text.Length % 2 == 0 && Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done
            ? bytes : fields.Wrong(name, "must be hexadecimal digits, two a byte", bytes);
    }

    private static AttestationClaims? ReadClaims(JsonFields outer, byte[]? payload)
    {
        if (outer.OptionalObject("claims") is not { } fields || payload is null)
            return null;
        var purpose = fields.OptionalText("purpose") ?? "challenge";
        if (!Enum.TryParse<AttestationPurpose>(purpose, ignoreCase: true, out var parsed) || !Enum.IsDefined(parsed) || char.IsAsciiDigit(purpose[0]))
            fields.Wrong("purpose", "must be challenge, contract or registration", 0);
        var address = fields.OptionalText("ethereum_address");
        var account = EthereumAddress.Zero;
        if (address is not null && !EthereumAddress.TryParse(address, out account))
            fields.Wrong("ethereum_address", "is not an address", 0);
        var (key, instance, nonce) = (fields.Base64("public_key", 48), fields.Hex("instance_id", 32), fields.Hex("nonce", AttestationClaims.NonceSize));
        var time = (long)fields.Unsigned("time", long.MaxValue);
        outer.TakeError(fields);
        if (fields.Error is not null)
            return null;
        return new()
        {
            Purpose = parsed, PublicKey = key, InstanceId = instance, Nonce = nonce, Time = time, Payload = payload,
            EthereumAddress = Convert.FromHexString(account.ToString()[2..]),
        };
    }

    /// <summary>A quote that comes without claims is over the data the caller names, or over nothing that is known.</summary>
    private static QuoteVerdict WithoutClaims(QuoteVerdict verdict, byte[]? reportData)
    {
        if (verdict.Quote is not { } quote)
            return verdict;
        var step = reportData is null ? new QuoteStep(QuoteSteps.ReportData, StepResult.Failed, "claims are missing: send those that came with the quote, or the whole attestation")
            : quote.ReportData.SequenceEqual(reportData) ? new(QuoteSteps.ReportData, StepResult.Passed, "as expected")
            : new(QuoteSteps.ReportData, StepResult.Failed, "the quote is over other data");
        return verdict.With([step, new(QuoteSteps.Freshness, StepResult.Skipped, "a quote without claims names no time")]);
    }

    private static VerifyAttestationAnswer Answer(QuoteVerdict verdict, AttestationClaims? claims, double milliseconds)
    {
        var measured = verdict.Quote is { } quote
            ? QuotePolicy.MeasurementNames.Select(name => (name, value: quote.Measurement(name))).Where(entry => entry.value is not null)
                .Append((name: "report_data", value: quote.ReportData.ToArray())).ToDictionary(entry => entry.name, entry => Convert.ToHexStringLower(entry.value!))
            : null;
        return new(
            true, verdict.IsValid, milliseconds, verdict.Tcb.ToString(), verdict.Advisories, [.. verdict.Steps.Select(StepMessage.From)],
            verdict.FirstFailure is { } failure ? $"{failure.Name}: {failure.Detail}" : null, measured, claims is null ? null : ClaimsMessage.From(claims));
    }
}
