using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Pbts.Protocol.Attestation;

/// <summary>
/// Verifies quotes the way Intel's DCAP library does, with .NET's own cryptography and without a network: all it needs
/// comes in its arguments.
/// </summary>
public static class QuoteVerifier
{
    /// <summary>The platform family (FMSPC, six bytes) and its authority, for finding collateral; null when the quote's chain does not hold.</summary>
    public static QuotePlatform? FindPlatform(ReadOnlySpan<byte> bytes, QuotePolicy policy, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(policy);
        if (!Quote.TryParse(bytes, out var quote, out _) || !CertificateChain.TryParse(quote.Certificates, out var chain))
            return null;
        using (chain)
        {
            return PckProblem(chain, policy, now, out var pck) is null
                ? new(quote.Kind, Convert.ToHexString(pck!.Fmspc), chain.Issuer.Subject.Contains("Platform", StringComparison.Ordinal) ? "platform" : "processor")
                : null;
        }
    }

    /// <summary>Verifies a quote. Never throws for what is in it.</summary>
    /// <param name="bytes">The quote.</param>
    /// <param name="policy">What is accepted.</param>
    /// <param name="collateral">What Intel says of the platform; null when nobody knows.</param>
    /// <param name="now">The time at which certificates and collateral must be in force.</param>
    public static QuoteVerdict Verify(ReadOnlySpan<byte> bytes, QuotePolicy policy, Collateral? collateral, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(policy);
        if (!Quote.TryParse(bytes, out var quote, out var error))
            return new(null, [new(QuoteSteps.Format, StepResult.Failed, error)], TcbStatus.Unknown, []);
        var steps = new List<QuoteStep> { new(QuoteSteps.Format, StepResult.Passed, $"{quote.Kind.ToString().ToUpperInvariant()} quote of version {quote.Version}") };
        TcbStatus status;
        IReadOnlyList<string> advisories;
        if (!CertificateChain.TryParse(quote.Certificates, out var chain))
        {
            steps.Add(new(QuoteSteps.Certificates, StepResult.Failed, "the certificates cannot be read"));
            CheckSignatures(quote, null, steps);
            (status, advisories) = (TcbStatus.Unknown, []);
        }
        else
        {
            using (chain)
            {
                var problem = PckProblem(chain, policy, now, out var pck);
                steps.Add(Step(QuoteSteps.Certificates, problem, $"PCK chain up to {policy.Root.GetNameInfo(X509NameType.SimpleName, false)}"));
                CheckSignatures(quote, chain, steps);
                (status, advisories) = CollateralCheck.Run(quote, chain, problem is null ? pck : null, collateral, policy, now, steps);
            }
        }

        steps.Add(Step(QuoteSteps.Debug, DebugProblem(quote, policy), quote.IsDebug ? "debug is on, which the policy allows" : "debug is off"));
        steps.Add(Measurements(quote, policy));
        return new(quote, steps, status, advisories);
    }

    internal static QuoteStep Step(string name, string? problem, string good) =>
        problem is null ? new(name, StepResult.Passed, good) : new(name, StepResult.Failed, problem);

    private static string? PckProblem(CertificateChain chain, QuotePolicy policy, DateTimeOffset now, out PckExtension? pck)
    {
        pck = null;
        return chain.Count != 3 ? $"the chain has {chain.Count} certificates: leaf, authority and root are expected"
            : chain.Problem(policy.Root, now)
            ?? (PckExtension.TryRead(chain.Leaf, out pck) ? null : "the leaf is no PCK certificate");
    }

    private static void CheckSignatures(Quote quote, CertificateChain? chain, List<QuoteStep> steps)
    {
        var signed = chain is not null && chain.LeafSigned(quote.QeReport.Bytes, quote.QeReportSignature);
        steps.Add(Step(QuoteSteps.QeReport, signed ? null : "the PCK key did not sign the quoting enclave's report", "signed by the PCK key"));

        Span<byte> expected = stackalloc byte[64];
        expected.Clear();
        SHA256.HashData([.. quote.AttestationKey, .. quote.QeAuthentication], expected);
        var bound = quote.QeReport.ReportData.SequenceEqual(expected);
        steps.Add(Step(QuoteSteps.AttestationKey, bound ? null : "the quoting enclave's report names another key", "named by the quoting enclave's report"));
        steps.Add(Step(QuoteSteps.Signature, IsSigned(quote) ? null : "the attestation key did not sign this quote", "signed by the attestation key"));
    }

    private static bool IsSigned(Quote quote)
    {
        try
        {
            using var key = ECDsa.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint { X = quote.AttestationKey[..32], Y = quote.AttestationKey[32..] },
            });
            return key.VerifyData(quote.Signed, quote.Signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        catch (CryptographicException)
        {
            // The bytes are no point of the curve.
            return false;
        }
    }

    private static string? DebugProblem(Quote quote, QuotePolicy policy) =>
        quote.QeReport.IsDebug ? "the quoting enclave is in debug mode"
        : quote.IsDebug && !policy.AllowDebug ? "the program is in debug mode: it can be read from outside"
        : null;

    private static QuoteStep Measurements(Quote quote, QuotePolicy policy)
    {
        if (quote.TdReport is { } td && td.MrServiceTd.ContainsAnyExcept((byte)0) && !policy.Measurements.ContainsKey("mrservicetd"))
            return new(QuoteSteps.Measurements, StepResult.Failed, "another machine may read or move this one, and the policy names none that may (mrservicetd)");
        if (policy.Measurements.Count == 0)
            return new(QuoteSteps.Measurements, StepResult.Skipped, "no measurement is asked for: any program is accepted");
        foreach (var (name, accepted) in policy.Measurements)
        {
            if (quote.Measurement(name) is not { } actual)
                return new(QuoteSteps.Measurements, StepResult.Failed, $"{name} is asked for, and this kind of quote has none");
            if (!accepted.Any(value => value.AsSpan().SequenceEqual(actual)))
                return new(QuoteSteps.Measurements, StepResult.Failed, $"{name} is {Convert.ToHexStringLower(actual)}, which is not accepted");
        }

        return new(QuoteSteps.Measurements, StepResult.Passed, string.Join(", ", policy.Measurements.Keys) + " as accepted");
    }
}
