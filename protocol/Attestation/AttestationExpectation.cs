namespace Pbts.Protocol.Attestation;

/// <summary>What a verifier expects of the claims of an attestation; null expects nothing of that field.</summary>
public sealed record AttestationExpectation
{
    /// <summary>How far into the future the attester's clock may be.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(120);

    public AttestationPurpose? Purpose { get; init; }

    public byte[]? Payload { get; init; }

    public byte[]? PublicKey { get; init; }

    public byte[]? InstanceId { get; init; }

    /// <summary>The challenge that was sent.</summary>
    public byte[]? Nonce { get; init; }

    /// <summary>How old the attestation may be.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(1);

    internal IEnumerable<QuoteStep> Judge(AttestationClaims claims, ReadOnlySpan<byte> reportData, DateTimeOffset now)
    {
        var data = claims.ReportData().AsSpan().SequenceEqual(reportData) ? null : "the quote is over other claims";
        data ??= Differs(Payload, claims.Payload) ? "the payload is another"
            : Purpose is { } purpose && purpose != claims.Purpose ? "the attestation was made for another purpose"
            : Differs(PublicKey, claims.PublicKey) ? "public_key is another"
            : Differs(InstanceId, claims.InstanceId) ? "instance_id is another"
            : null;
        var age = (decimal)now.ToUnixTimeSeconds() - claims.Time;
        var fresh = Differs(Nonce, claims.Nonce) ? "the nonce is another"
            : age < -(decimal)Ahead.TotalSeconds ? "the attestation is from the future"
            : age > (decimal)MaxAge.TotalSeconds ? $"the attestation is {age} seconds old, {MaxAge.TotalSeconds} are allowed"
            : null;
        return
        [
            QuoteVerifier.Step(QuoteSteps.ReportData, data, "over these claims"),
            QuoteVerifier.Step(QuoteSteps.Freshness, fresh, Nonce is null ? "recent" : "recent, with the nonce that was sent"),
        ];
    }

    private static bool Differs(byte[]? expected, byte[] actual) => expected is not null && !expected.AsSpan().SequenceEqual(actual);
}
