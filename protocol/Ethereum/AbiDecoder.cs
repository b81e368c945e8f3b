using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Text;

namespace Pbts.Protocol.Ethereum;

/// <summary>
/// Reads values in the contract ABI. What a contract returns is untrusted: any offset, length, flag or text that does not
/// fit is a refusal, and overlapping offsets cannot make the result larger than a small multiple of the input.
/// </summary>
public static class AbiDecoder
{
    private const int MaxDepth = 16;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Decodes the members of <paramref name="tuple"/>; trailing bytes are ignored, as Solidity does.</summary>
    public static bool TryDecode(AbiType tuple, ReadOnlySpan<byte> data, [NotNullWhen(true)] out object[]? values)
    {
        ArgumentNullException.ThrowIfNull(tuple);
        var budget = 1024L + (4L * data.Length);
        try
        {
            return TryMembers(tuple.Components, data, 0, ref budget, out values);
        }
        catch (DecoderFallbackException)
        {
            values = null;
            return false;
        }
    }

    /// <summary>Reads members whose heads begin at the start of <paramref name="frame"/>; offsets count from there.</summary>
    private static bool TryMembers(
        IReadOnlyList<AbiType> types, ReadOnlySpan<byte> frame, int depth, ref long budget, [NotNullWhen(true)] out object[]? values)
    {
        values = null;
        if (depth > MaxDepth) return false;
        var result = new object[types.Count];
        var position = 0;
        for (var i = 0; i < types.Count; i++)
        {
            var type = types[i];
            budget -= 32;
            if (budget < 0 || frame.Length - position < type.HeadSize) return false;
            var at = frame[position..];
            if (type.IsDynamic)
            {
                if (!TrySize(at, out var offset) || offset > frame.Length) return false;
                at = frame[offset..];
            }
            if (!TryOne(type, at, depth + 1, ref budget, out var value)) return false;
            result[i] = value;
            position += type.HeadSize;
        }
        values = result;
        return true;
    }

    private static bool TryOne(AbiType type, ReadOnlySpan<byte> at, int depth, ref long budget, [NotNullWhen(true)] out object? value)
    {
        value = null;
        switch (type.Kind)
        {
            case AbiKind.Uint256:
                value = new BigInteger(at[..32], isUnsigned: true, isBigEndian: true);
                return true;
            case AbiKind.Bytes32:
                value = at[..32].ToArray();
                return true;
            case AbiKind.Address:
                if (at[..12].ContainsAnyExcept((byte)0)) return false;
                value = new EthereumAddress(at[12..32]);
                return true;
            case AbiKind.Bool:
                if (at[..31].ContainsAnyExcept((byte)0) || at[31] > 1) return false;
                value = at[31] == 1;
                return true;
            case AbiKind.Bytes or AbiKind.Text:
                if (!TrySize(at, out var length) || length > at.Length - 32 || (budget -= length) < 0) return false;
                var bytes = at.Slice(32, length);
                value = type.Kind == AbiKind.Text ? StrictUtf8.GetString(bytes) : bytes.ToArray();
                return true;
            case AbiKind.Array:
                // Each element takes at least one head, so a count beyond the data is refused before anything is allocated.
                if (!TrySize(at, out var count) || count > (at.Length - 32) / Math.Max(32, type.Components[0].HeadSize)) return false;
                if (count * 32L > budget) return false;
                var elements = Enumerable.Repeat(type.Components[0], count).ToArray();
                if (!TryMembers(elements, at[32..], depth, ref budget, out var items)) return false;
                value = items;
                return true;
            default:
                if (!TryMembers(type.Components, at, depth, ref budget, out var members)) return false;
                value = members;
                return true;
        }
    }

    private static bool TrySize(ReadOnlySpan<byte> word, out int size)
    {
        size = 0;
        if (word.Length < 32 || word[..28].ContainsAnyExcept((byte)0)) return false;
        size = BinaryPrimitives.ReadInt32BigEndian(word[28..]);
        return size >= 0;
    }
}
