using System.Buffers;
using System.Text.Json;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Proofs;

/// <summary>
/// A proof as a JSON document. Unknown and repeated fields, hexadecimal digits of upper case and numbers in other forms are
/// refused; white space, the order of fields and escapes in strings mean nothing.
/// </summary>
public static class MemberProofJson
{
    /// <summary>More than the longest proof takes, in bytes.</summary>
    public const int MaxSize = 16 * 1024;

    private static readonly string[] Fields =
    [
        "user_id", "public_key", "up", "down", "salt", "index", "path", "root", "total_up", "total_down", "members", "sequence", "contract", "chain_id", "block", "tx_hash",
    ];

    private static readonly string[] StepFields = ["hash", "up", "down", "left"];

    /// <summary>The document.</summary>
    public static byte[] Write(MemberProof proof)
    {
        var output = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(output, new() { Encoder = StrictFields.Encoder }))
            Write(json, proof);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Writes it as part of another document.</summary>
    public static void Write(Utf8JsonWriter json, MemberProof proof)
    {
        json.WriteStartObject();
        json.WriteString("user_id", proof.UserId);
        json.WriteBase64String("public_key", proof.PublicKey.Span);
        json.WriteNumber("up", proof.Up);
        json.WriteNumber("down", proof.Down);
        json.WriteString("salt", Convert.ToHexStringLower(proof.Salt.Span));
        json.WriteNumber("index", proof.Index);
        json.WriteStartArray("path");
        foreach (var (sibling, isLeft) in proof.Path)
        {
            json.WriteStartObject();
            json.WriteString("hash", sibling.HashText);
            json.WriteNumber("up", sibling.Up);
            json.WriteNumber("down", sibling.Down);
            json.WriteBoolean("left", isLeft);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteString("root", proof.Root.HashText);
        json.WriteNumber("total_up", proof.Root.Up);
        json.WriteNumber("total_down", proof.Root.Down);
        json.WriteNumber("members", proof.Members);
        json.WriteNumber("sequence", proof.Sequence);
        json.WriteString("contract", proof.Contract.ToString());
        json.WriteNumber("chain_id", proof.ChainId);
        json.WriteNumber("block", proof.Block);
        json.WriteString("tx_hash", proof.TxHash);
        json.WriteEndObject();
    }

    /// <summary>Reads a document; the fault names the field.</summary>
    public static (MemberProof? Proof, ProofFault? Fault) Read(ReadOnlySpan<byte> document)
    {
        var (value, fault) = StrictFields.Document(document, MaxSize, "proof", Read);
        return (value, fault is null ? null : new(ProofStep.Format, fault));
    }

    /// <summary>Reads the object that a proof is.</summary>
    /// <exception cref="FormatException">A field is missing or wrong; the message names it.</exception>
    public static MemberProof Read(JsonElement element)
    {
        var fields = StrictFields.Of(element, Fields);
        return new()
        {
            UserId = ReadUserId(fields),
            PublicKey = MemberKey.From(fields.Base64("public_key", MemberKey.Length)),
            Up = fields.Unsigned("up"),
            Down = fields.Unsigned("down"),
            Salt = fields.LowerHex("salt", MemberCommitment.SaltSize),
            Index = fields.Natural("index"),
            Path = [.. fields.Array("path", SumTree.MaxDepth, StepFields).Select(step =>
                new PathStep(new(step.Prefixed("hash", SumNode.HashSize), step.Unsigned("up"), step.Unsigned("down")), step.Flag("left")))],
            Root = new(fields.Prefixed("root", SumNode.HashSize), fields.Unsigned("total_up"), fields.Unsigned("total_down")),
            Members = fields.Natural("members") is > 0 and <= uint.MaxValue and var members ? members : throw StrictFields.Wrong("members"),
            Sequence = fields.Natural("sequence"),
            Contract = EthereumAddress.TryParse(fields.Text("contract"), out var contract) && contract.ToString() == fields.Text("contract") ? contract : throw StrictFields.Wrong("contract"),
            ChainId = fields.Unsigned("chain_id"),
            Block = fields.Unsigned("block"),
            TxHash = "0x" + Convert.ToHexStringLower(fields.Prefixed("tx_hash", 32)),
        };
    }

    private static string ReadUserId(StrictFields fields) =>
        Receipts.UserId.TryParse(fields.Text("user_id"), out var userId) ? userId.ToString() : throw StrictFields.Wrong("user_id");
}
