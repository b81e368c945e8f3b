using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Announce;
using Pbts.Api.Callers;
using Pbts.Api.Http;
using Pbts.Hosting.Access;
using Pbts.Hosting.Workers;
using Pbts.Protocol.Attestation;

namespace Pbts.Api.Tee;

/// <summary>Verifies the attestations of this and other trackers; needs no trusted machine.</summary>
internal static class VerificationEndpoints
{
    public static void MapVerification(this IEndpointRouteBuilder app) =>
        app.MapPost("/verify-attestation", VerifyAsync).For(Caller.Anybody).WithSummary("Verify a quote and what it stands for");

    private static async Task<Results<Ok<VerifyAttestationAnswer>, Refusal>> VerifyAsync(
        Body<VerifyAttestationRequest> body, HttpContext context, AttestationVerifier verifier, VerificationBudget budget, ClientAddressResolver addresses)
    {
        var address = addresses.Resolve(context);
        if (!budget.Allows(address, VerificationBudget.Single))
            return Answers.TooMany(context);
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        var turn = new VerificationTurn(RateLimiter.KeyOf(address), VerificationKind.Convenience);
        var expected = new AttestationExpectation
        {
            Payload = request.ExpectedPayload is { } payload ? Encoding.UTF8.GetBytes(payload) : null,
            Nonce = request.Nonce?.Bytes,
            PublicKey = request.PublicKey?.ToArray(),
            MaxAge = request.MaxAge is { } age ? TimeSpan.FromSeconds(age) : verifier.MaxAge,
        };
        var started = Stopwatch.GetTimestamp();
        var document = request.Attestation ?? (request.Claims is { } claims ? new AttestationDocument(claims.Over(request.ExpectedPayload!), request.Quote!.Value.Bytes) : null);
        var verdict = document is not null ? await verifier.VerifyAsync(document, expected, turn, context.RequestAborted)
            : await verifier.VerifyAsync(request.Quote!.Value.Bytes, turn, context.RequestAborted) is { } bare ? WithoutClaims(bare, request.ExpectedReportData?.Bytes) : null;
        return verdict is null ? Answers.TooMany(context) : TypedResults.Ok(Answer(verdict, document?.Claims, Stopwatch.GetElapsedTime(started).TotalMilliseconds));
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
