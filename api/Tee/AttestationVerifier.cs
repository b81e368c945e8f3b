using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;
using Pbts.Api.Members;
using Pbts.GrainInterfaces.Configuration;
using Pbts.Protocol.Attestation;

namespace Pbts.Api.Tee;

/// <summary>Verifies attestations under the operator's policy. Needs no trusted machine.</summary>
internal sealed class AttestationVerifier
{
    private readonly CollateralSource _collateral;
    private readonly CryptoWorkers _workers;
    private readonly TimeProvider _time;
    private readonly QuotePolicy _policy;

    public AttestationVerifier(IOptions<TeeOptions> options, CollateralSource collateral, CryptoWorkers workers, TimeProvider time)
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
    public Task<QuoteVerdict?> VerifyAsync(AttestationDocument document, AttestationExpectation expected, CancellationToken cancellationToken) =>
        RunAsync(document.Quote, (collateral, now) => document.Verify(_policy, collateral, expected, now), cancellationToken);

    /// <summary>The verdict on a bare quote; null when all verifiers are busy.</summary>
    public Task<QuoteVerdict?> VerifyAsync(byte[] quote, CancellationToken cancellationToken) =>
        RunAsync(quote, (collateral, now) => QuoteVerifier.Verify(quote, _policy, collateral, now), cancellationToken);

    private async Task<QuoteVerdict?> RunAsync(byte[] quote, Func<Collateral?, DateTimeOffset, QuoteVerdict> verify, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        if (_workers.TryRun(() => QuoteVerifier.FindPlatform(quote, _policy, now)) is not { } finding)
            return null;
        var collateral = await finding is { } platform ? await _collateral.FindAsync(platform, cancellationToken) : null;
        return _workers.TryRun(() => verify(collateral, now)) is { } verifying ? await verifying : null;
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
