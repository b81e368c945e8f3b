using System.Buffers;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Pbts.Protocol.Evidence;

/// <summary>
/// A line of evidence: a JSON object whose last member, <c>sha256</c>, is the hash of all that stands before it, so that a
/// damaged line is known by itself. It proves nothing else: whoever changes a line on purpose can hash it anew.
/// </summary>
public static class SealedLine
{
    /// <summary>Longest line in bytes, without its end.</summary>
    public const int MaxLength = 16 << 20;

    private const int HashLength = 2 * SHA256.HashSizeInBytes;

    // Base64 has plus signs, and nobody shows these lines in a page.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static ReadOnlySpan<byte> Before => ",\"sha256\":\""u8;

    private static ReadOnlySpan<byte> After => "\"}"u8;

    /// <summary>Writes one line with its end.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="members">Writes the members, at least one, into the object that is open.</param>
    public static void Write(IBufferWriter<byte> output, Action<Utf8JsonWriter> members)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(members);
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        var content = buffer.WrittenSpan[..^1];
        output.Write(content);
        output.Write(Before);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        Span<byte> digits = stackalloc byte[HashLength];
        Convert.TryToHexStringLower(hash, digits, out _);
        output.Write(digits);
        output.Write(After);
        output.Write("\n"u8);
    }

    /// <summary>Whether every byte of the line, without its end, is as it was written.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> line)
    {
        var tail = Before.Length + HashLength + After.Length;
        if (line.Length <= tail || !line.EndsWith(After) || !line[^tail..].StartsWith(Before))
            return false;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(line[..^tail], hash);
        Span<byte> digits = stackalloc byte[HashLength];
        Convert.TryToHexStringLower(hash, digits, out _);
        return line.Slice(line.Length - tail + Before.Length, HashLength).SequenceEqual(digits);
    }
}
