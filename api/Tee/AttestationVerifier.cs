using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Workers;
using Pbts.Protocol.Attestation;

namespace Pbts.Api.Tee;

/// <summary>Verifies attestations under the operator's policy. Needs no trusted machine.</summary>
internal sealed class AttestationVerifier
{
    private readonly CollateralSource _collateral;
    private readonly SignatureWorkers _workers;
    private readonly TimeProvider _time;
    private readonly QuotePolicy _policy;

    public AttestationVerifier(IOptions<TeeOptions> options, CollateralSource collateral, SignatureWorkers workers, TimeProvider time)
    {
        (_collateral, _workers, _time) = (collateral, workers, time);
        MaxAge = TimeSpan.FromSeconds(options.Value.MaxAgeSeconds);
        _policy = new()
        {
            AcceptedTcb = options.Value.ParseAcceptedTcb()!,
            Measurements = options.Value.ParseMeasurements(out _)!,
            AllowDebug = options.Value.AllowDebug,
            Root = options.Value.RootCertificate.Length == 0 ? IntelRoot.Certificate : ReadRoot(options.Value.RootCertificate),
        };
    }

    /// <summary>How old an attestation may be when the request does not say.</summary>
    public TimeSpan MaxAge { get; }

    /// <summary>The verdict on a quote with its claims; null when all verifiers are busy.</summary>
    public Task<QuoteVerdict?> VerifyAsync(AttestationDocument document, AttestationExpectation expected, VerificationTurn turn, CancellationToken cancellationToken) =>
        RunAsync(document.Quote, turn, (collateral, now) => document.Verify(_policy, collateral, expected, now), cancellationToken);

    /// <summary>The verdict on a bare quote; null when all verifiers are busy.</summary>
    public Task<QuoteVerdict?> VerifyAsync(byte[] quote, VerificationTurn turn, CancellationToken cancellationToken) =>
        RunAsync(quote, turn, (collateral, now) => QuoteVerifier.Verify(quote, _policy, collateral, now), cancellationToken);

    private async Task<QuoteVerdict?> RunAsync(byte[] quote, VerificationTurn turn, Func<Collateral?, DateTimeOffset, QuoteVerdict> verify, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        QuotePlatform? found = null;
        if (!await _workers.TryRunAsync(turn, () => found = QuoteVerifier.FindPlatform(quote, _policy, now)))
            return null;
        var collateral = found is { } platform ? await _collateral.FindAsync(platform, cancellationToken) : null;
        QuoteVerdict? verdict = null;
        return await _workers.TryRunAsync(turn, () => verdict = verify(collateral, now)) ? verdict : null;
    }

    private static X509Certificate2 ReadRoot(string path)
    {
        try
        {
            return X509Certificate2.CreateFromPem(File.ReadAllText(path));
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new OptionsValidationException(nameof(TeeOptions), typeof(TeeOptions), ["Tee:RootCertificate is not a certificate in PEM."]);
        }
    }
}
