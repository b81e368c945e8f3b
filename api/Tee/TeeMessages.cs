using System.Text;
using System.Text.Json.Serialization;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Settings;
using Pbts.GrainInterfaces.Tee;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Dstack;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Tee;

/// <summary>Body of <c>POST /keygen-tee</c>, which may be absent.</summary>
/// <param name="Salt">Names the key: the same salt gives the same key. Without one a random one is chosen and told.</param>
/// <param name="UseTee">false makes an ordinary key instead, for comparison.</param>
internal sealed record KeygenTeeRequest(string? Salt = null, bool UseTee = true) : IBody<KeygenTeeRequest>
{
    public static bool MayBeAbsent => true;

    public static KeygenTeeRequest Read(JsonFields fields)
    {
        var request = new KeygenTeeRequest(fields.OptionalText("salt"), fields.OptionalBoolean("use_tee") ?? true);
        if (request.Salt is { } salt && !TeeKeys.IsSalt(salt))
            fields.Wrong("salt", $"must be 1 to {TeeKeys.MaxSalt} letters, digits, dots, hyphens or underscores", 0);
        return request;
    }
}

/// <summary>Answer to <c>POST /keygen-tee</c>; keys in base64.</summary>
internal sealed record KeygenTeeAnswer(
    bool Success, string PrivateKey, string PublicKey, string KeyType, int PrivateKeySize, int PublicKeySize, bool TeeDerived, double DerivationTimeMs,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Salt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Path, string Warning);

/// <summary>Body of <c>POST /generate-attestation</c>.</summary>
/// <param name="Payload">What is attested: 1 to 16384 bytes of UTF-8.</param>
/// <param name="Nonce">A challenge of 32 bytes in hex; a random one otherwise.</param>
internal sealed record GenerateAttestationRequest(string Payload, HexBytes? Nonce = null) : IBody<GenerateAttestationRequest>
{
    public static int Most => JsonBody.Attestation;

    public static GenerateAttestationRequest Read(JsonFields fields)
    {
        if (!fields.Has("payload"))
            fields.Refuse("Missing payload");
        return new(ReadPayload(fields, "payload"), fields.OptionalHex("nonce", AttestationClaims.NonceSize));
    }

    /// <summary>Text of 1 to 16384 bytes.</summary>
    public static string ReadPayload(JsonFields fields, string name)
    {
        var text = fields.Text(name);
        return Encoding.UTF8.GetByteCount(text) <= AttestationClaims.MaxPayload ? text : fields.Wrong(name, $"is too long: at most {AttestationClaims.MaxPayload} bytes", "");
    }
}

/// <summary>Answer to <c>POST /generate-attestation</c>.</summary>
/// <param name="Quote">The quote in hex.</param>
/// <param name="QuoteSizeBytes">Its length in bytes.</param>
/// <param name="Claims">What its report data is the hash of, besides the payload.</param>
/// <param name="Attestation">Quote and claims in one piece, base64.</param>
internal sealed record GenerateAttestationAnswer(
    bool Success, string Quote, double GenerationTimeMs, string Payload, int QuoteSizeBytes, string ReportData, ClaimsMessage Claims, string Attestation);

/// <summary>What a quote stands for, besides the payload.</summary>
/// <param name="Purpose"><c>challenge</c>, <c>contract</c> or <c>registration</c>.</param>
/// <param name="PublicKey">BLS key, base64.</param>
/// <param name="EthereumAddress">Null for none.</param>
/// <param name="InstanceId">64 hex characters.</param>
/// <param name="Nonce">64 hex characters.</param>
/// <param name="Time">Seconds since 1970.</param>
internal sealed record ClaimsMessage(string Purpose, string PublicKey, string? EthereumAddress, string InstanceId, string Nonce, long Time)
{
    public static ClaimsMessage From(AttestationClaims claims) => new(
        claims.Purpose.ToString().ToLowerInvariant(), Convert.ToBase64String(claims.PublicKey),
        claims.EthereumAddress.AsSpan().ContainsAnyExcept((byte)0) ? new Pbts.Protocol.Ethereum.EthereumAddress(claims.EthereumAddress).ToString() : null,
        Convert.ToHexStringLower(claims.InstanceId), Convert.ToHexStringLower(claims.Nonce), claims.Time);
}

/// <summary>Body of <c>POST /verify-attestation</c>: <c>attestation</c>, or <c>quote</c> with <c>claims</c> and <c>expected_payload</c>, or <c>quote</c> with <c>expected_report_data</c>.</summary>
internal sealed record VerifyAttestationRequest(
    AttestationDocument? Attestation = null, HexBytes? Quote = null, string? ExpectedPayload = null, StatedClaims? Claims = null, HexBytes? ExpectedReportData = null,
    HexBytes? Nonce = null, MemberKey? PublicKey = null, long? MaxAge = null) : IBody<VerifyAttestationRequest>
{
    private const long LongestAge = 315_360_000;

    public static int Most => JsonBody.Attestation;

    public static VerifyAttestationRequest Read(JsonFields fields)
    {
        if (fields.Has("pccs_url"))
            fields.Wrong("pccs_url", "is not accepted: the tracker asks the service of its own configuration (Tee:PccsUrl) and no other", 0);
        var isWhole = fields.Has("attestation");
        if (!isWhole && !(fields.Has("quote") && (fields.Has("expected_payload") || fields.Has("expected_report_data"))))
            fields.Refuse("Missing quote or expected_payload");
        var payload = fields.Has("expected_payload") ? GenerateAttestationRequest.ReadPayload(fields, "expected_payload") : null;
        var nonce = fields.OptionalHex("nonce", AttestationClaims.NonceSize);
        var (publicKey, maxAge) = (fields.OptionalKey("public_key"), (long?)fields.OptionalUnsigned("max_age", (ulong)LongestAge));
        if (isWhole)
            return new(fields.OptionalAttestation("attestation"), ExpectedPayload: payload, Nonce: nonce, PublicKey: publicKey, MaxAge: maxAge);
        var quote = fields.HexUpTo("quote", Protocol.Attestation.Quote.MaxSize);
        return new(null, quote, payload, StatedClaims.Read(fields, payload), fields.OptionalHex("expected_report_data", 64), nonce, publicKey, maxAge);
    }
}

/// <summary>The claims that came with a quote.</summary>
/// <param name="Time">Seconds since 1970.</param>
/// <param name="Purpose">A challenge when absent.</param>
/// <param name="EthereumAddress">Null for none.</param>
internal sealed record StatedClaims(MemberKey PublicKey, HexBytes InstanceId, HexBytes Nonce, long Time, AttestationPurpose? Purpose = null, EthereumAddress? EthereumAddress = null)
{
    /// <summary>Null where there are none, or nothing that they could be over.</summary>
    public static StatedClaims? Read(JsonFields outer, string? payload)
    {
        if (outer.OptionalObject("claims") is not { } fields || payload is null)
            return null;
        var purpose = fields.OptionalText("purpose") ?? "challenge";
        if (!Enum.TryParse<AttestationPurpose>(purpose, ignoreCase: true, out var parsed) || !Enum.IsDefined(parsed) || char.IsAsciiDigit(purpose[0]))
            fields.Wrong("purpose", "must be challenge, contract or registration", 0);
        EthereumAddress account = default;
        if (fields.OptionalText("ethereum_address") is { } address && !Protocol.Ethereum.EthereumAddress.TryParse(address, out account))
            fields.Wrong("ethereum_address", "is not an address", 0);
        var claims = new StatedClaims(
            fields.Key("public_key"), new(fields.Hex("instance_id", 32)), new(fields.Hex("nonce", AttestationClaims.NonceSize)), (long)fields.Unsigned("time", long.MaxValue), parsed, account);
        outer.TakeError(fields);
        return claims;
    }

    public AttestationClaims Over(string payload) => new()
    {
        Purpose = Purpose ?? AttestationPurpose.Challenge, PublicKey = PublicKey.ToArray(), InstanceId = InstanceId.Bytes, Nonce = Nonce.Bytes, Time = Time, Payload = Encoding.UTF8.GetBytes(payload),
        EthereumAddress = (EthereumAddress ?? default).ToArray(),
    };
}

/// <summary>Answer to <c>POST /verify-attestation</c>.</summary>
/// <param name="IsValid">Whether no step failed.</param>
/// <param name="TcbStatus">How up to date the platform is; <c>Unknown</c> without collateral.</param>
/// <param name="Advisories">Intel's advisories behind that.</param>
/// <param name="Steps">Every step and how it came out.</param>
/// <param name="Error">The first step that failed.</param>
/// <param name="Measurements">What was measured, in hex; nothing to rely on unless valid.</param>
internal sealed record VerifyAttestationAnswer(
    bool Success, bool IsValid, double VerificationTimeMs, string TcbStatus, IReadOnlyList<string> Advisories, IReadOnlyList<StepMessage> Steps,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, string>? Measurements,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ClaimsMessage? Claims);

/// <summary>One step of a verification.</summary>
/// <param name="Step">Its name.</param>
/// <param name="Ok">Null when there was nothing to check.</param>
/// <param name="Detail">What was found.</param>
internal sealed record StepMessage(string Step, bool? Ok, string Detail)
{
    public static StepMessage From(QuoteStep step) => new(step.Name, step.Result switch { StepResult.Passed => true, StepResult.Failed => false, _ => null }, step.Detail);
}

/// <summary>Answer to <c>POST /tee/reset-statistics</c>.</summary>
internal sealed record TeeResetAnswer(bool Success, string Message);

/// <summary>Answer to <c>GET /tee/status</c>.</summary>
internal sealed record TeeStatusAnswer(
    bool TeeAvailable, string TeeMode, string? Error, string? AppId, string? ComposeHash, string? PublicKey, string? EthereumAddress, StatisticsMessage Statistics);

/// <summary>What was done since the start; times in milliseconds.</summary>
internal sealed record StatisticsMessage(
    long KeyGenerations, long AttestationsGenerated, double TotalKeyGenTimeMs, double TotalAttestationTimeMs, double AvgKeyGenTimeMs, double AvgAttestationTimeMs)
{
    public static StatisticsMessage From(TeeStatistics all) => new(
        all.KeyGenerations, all.Attestations, all.KeyMilliseconds, all.AttestationMilliseconds,
        all.KeyGenerations == 0 ? 0 : all.KeyMilliseconds / all.KeyGenerations, all.Attestations == 0 ? 0 : all.AttestationMilliseconds / all.Attestations);
}
