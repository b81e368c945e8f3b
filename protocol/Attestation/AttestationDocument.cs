using System.Diagnostics.CodeAnalysis;

namespace Pbts.Protocol.Attestation;

/// <summary>
/// A quote together with what it stands for, in one piece: the four bytes <c>PBTA</c>, the claims (as they are hashed,
/// without the tag), then the quote up to the end. This is what <c>/register</c> takes and what the contract's event carries.
/// </summary>
/// <param name="Claims">What the quote stands for, once it is verified.</param>
/// <param name="Quote">The quote.</param>
public sealed record AttestationDocument(AttestationClaims Claims, byte[] Quote)
{
    /// <summary>Bytes of the longest document.</summary>
    public const int MaxSize = 4 + AttestationClaims.FixedSize + AttestationClaims.MaxPayload + Attestation.Quote.MaxSize;

    public byte[] ToBytes()
    {
        var claims = AttestationClaims.FixedSize + Claims.Payload.Length;
        var bytes = new byte[4 + claims + Quote.Length];
        "PBTA"u8.CopyTo(bytes);
        Claims.Write(bytes.AsSpan(4, claims));
        Quote.CopyTo(bytes.AsSpan(4 + claims));
        return bytes;
    }

    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out AttestationDocument? document)
    {
        document = null;
        if (bytes.Length > MaxSize || !bytes.StartsWith("PBTA"u8) || AttestationClaims.Read(bytes[4..], out var length) is not { } claims)
            return false;
        document = new(claims, bytes[(4 + length)..].ToArray());
        return document.Quote.Length > 0;
    }

    /// <summary>Verifies the quote, that it is over the claims, and that they are as expected.</summary>
    public QuoteVerdict Verify(QuotePolicy policy, Collateral? collateral, AttestationExpectation expected, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(expected);
        var verdict = QuoteVerifier.Verify(Quote, policy, collateral, now);
        return verdict.Quote is { } quote ? verdict.With(expected.Judge(Claims, quote.ReportData, now)) : verdict;
    }
}
