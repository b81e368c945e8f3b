using System.Buffers;
using System.Text.Json;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Proofs;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Passports;

/// <summary>
/// A passport as a JSON document. White space and the order of fields are free; unknown and repeated fields, numbers and digits
/// in other forms are refused, so that nothing can be changed unseen.
/// </summary>
public static class PassportJson
{
    /// <summary>More than the longest takes, in bytes.</summary>
    public const int MaxSize = 16 * 1024;

    private const string Type = "pbts-passport";
    private const ulong Version = 1;

    private static readonly string[] Fields = ["type", "version", "issuer", "subject", "native", "imports", "member_since", "issued", "expires", "proof", "signature"];
    private static readonly string[] IssuerFields = ["instance", "contract", "chain_id", "address"];
    private static readonly string[] SubjectFields = ["user_id", "public_key"];
    private static readonly string[] TotalsFields = ["up", "down"];
    private static readonly string[] ImportFields = ["issuer", "up", "down", "as_of"];

    /// <summary>The document.</summary>
    public static byte[] Write(Passport passport)
    {
        ArgumentNullException.ThrowIfNull(passport);
        var output = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(output, new() { Encoder = StrictFields.Encoder }))
            Write(json, passport);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The document of an object that came inside another, whose writer may have escaped what need not be; null where it has texts that are none.</summary>
    public static byte[]? Normalise(JsonElement passport)
    {
        var output = new ArrayBufferWriter<byte>(4096);
        try
        {
            using var json = new Utf8JsonWriter(output, new() { Encoder = StrictFields.Encoder });
            passport.WriteTo(json);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            return null;
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads a document; the fault names the field.</summary>
    public static (Passport? Passport, PassportFault? Fault) Read(ReadOnlySpan<byte> document)
    {
        var (value, fault) = StrictFields.Document(document, MaxSize, "passport", Read);
        return (value, fault is null ? null : new(PassportStep.Format, fault));
    }

    private static void Write(Utf8JsonWriter json, Passport passport)
    {
        json.WriteStartObject();
        json.WriteString("type", Type);
        json.WriteNumber("version", Version);
        json.WriteStartObject("issuer");
        json.WriteString("instance", passport.Instance.ToString());
        json.WriteString("contract", passport.Contract?.ToString());
        json.WriteNumber("chain_id", passport.ChainId);
        json.WriteString("address", passport.Issuer.ToString());
        json.WriteEndObject();
        json.WriteStartObject("subject");
        json.WriteString("user_id", passport.UserId.ToString());
        json.WriteBase64String("public_key", passport.PublicKey.Span);
        json.WriteEndObject();
        json.WriteStartObject("native");
        json.WriteNumber("up", passport.Up);
        json.WriteNumber("down", passport.Down);
        json.WriteEndObject();
        json.WriteStartArray("imports");
        foreach (var import in passport.Imports)
        {
            json.WriteStartObject();
            json.WriteString("issuer", import.Issuer);
            json.WriteNumber("up", import.Up);
            json.WriteNumber("down", import.Down);
            json.WriteNumber("as_of", import.AsOf);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteNumber("member_since", passport.MemberSince);
        json.WriteNumber("issued", passport.Issued);
        json.WriteNumber("expires", passport.Expires);
        json.WritePropertyName("proof");
        if (passport.Proof is { } proof)
            MemberProofJson.Write(json, proof);
        else
            json.WriteNullValue();
        json.WriteString("signature", "0x" + Convert.ToHexStringLower(passport.Signature.Span));
        json.WriteEndObject();
    }

    private static Passport Read(JsonElement element)
    {
        var fields = StrictFields.Of(element, Fields);
        if (fields.Text("type") != Type)
            throw StrictFields.Wrong("type");
        if (fields.Unsigned("version") != Version)
            throw new FormatException($"version must be {Version}: this program knows no other");
        var (issuer, subject, native) = (fields.Object("issuer", IssuerFields), fields.Object("subject", SubjectFields), fields.Object("native", TotalsFields));
        EthereumAddress? contract = issuer.OrNull("contract") is null ? null : Address(issuer, "contract");
        var chainId = issuer.Unsigned("chain_id");
        if (contract is null != (chainId == 0))
            throw new FormatException("issuer: chain_id is 0 where there is no contract, and nowhere else");
        return new()
        {
            Instance = InstanceId.From(issuer.LowerHex("instance", InstanceId.Length)),
            Contract = contract,
            ChainId = chainId,
            Issuer = Address(issuer, "address"),
            UserId = UserId.TryParse(subject.Text("user_id"), out var userId) ? userId : throw StrictFields.Wrong("subject: user_id"),
            PublicKey = MemberKey.From(subject.Base64("public_key", MemberKey.Length)),
            Up = native.Unsigned("up"),
            Down = native.Unsigned("down"),
            Imports = [.. fields.Array("imports", Passport.MaxImports, ImportFields).Select(import =>
                new PassportImport(Source(import), import.Unsigned("up"), import.Unsigned("down"), import.Unsigned("as_of")))],
            MemberSince = fields.Natural("member_since"),
            Issued = fields.Natural("issued"),
            Expires = fields.Natural("expires"),
            Proof = fields.OrNull("proof") is { } proof ? ProofOf(proof) : null,
            Signature = fields.Prefixed("signature", EthereumSignature.Size),
        };
    }

    private static MemberProof ProofOf(JsonElement proof)
    {
        try
        {
            return MemberProofJson.Read(proof);
        }
        catch (FormatException e)
        {
            throw new FormatException($"proof: {e.Message}");
        }
    }

    private static EthereumAddress Address(StrictFields fields, string name) =>
        EthereumAddress.TryParse(fields.Text(name), out var address) && !address.IsZero && address.ToString() == fields.Text(name) ? address : throw StrictFields.Wrong($"issuer: {name}");

    private static string Source(StrictFields import)
    {
        var text = import.Text("issuer");
        return (InstanceId.TryParse(text, out var instance) && instance.ToString() == text) || (EthereumAddress.TryParse(text, out var contract) && contract.ToString() == text)
            ? text : throw StrictFields.Wrong("imports: issuer");
    }
}
