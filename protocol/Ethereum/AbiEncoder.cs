using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Pbts.Protocol.Ethereum;

/// <summary>Writes values in the contract ABI (Solidity ABI specification, "Formal Specification of the Encoding").</summary>
public static class AbiEncoder
{
    private static readonly BigInteger Limit = BigInteger.One << 256;

    /// <summary>Encodes the members of <paramref name="tuple"/> without an outer offset, as arguments are.</summary>
    /// <exception cref="ArgumentException">A value is not of its type; callers check what users give them.</exception>
    public static byte[] Encode(AbiType tuple, params object[] values)
    {
        ArgumentNullException.ThrowIfNull(tuple);
        ArgumentNullException.ThrowIfNull(values);
        return EncodeMembers(tuple.Components, values);
    }

    private static byte[] EncodeMembers(IReadOnlyList<AbiType> types, object[] values)
    {
        if (types.Count != values.Length) throw new ArgumentException($"{types.Count} values expected, {values.Length} given.", nameof(values));
        var headSize = types.Sum(type => type.HeadSize);
        var head = new List<byte>(headSize);
        var tail = new List<byte>();
        for (var i = 0; i < values.Length; i++)
        {
            var encoded = EncodeOne(types[i], values[i]);
            if (types[i].IsDynamic)
            {
                head.AddRange(Word(headSize + tail.Count));
                tail.AddRange(encoded);
            }
            else
            {
                head.AddRange(encoded);
            }
        }
        return [.. head, .. tail];
    }

    private static byte[] EncodeOne(AbiType type, object value) => (type.Kind, value) switch
    {
        (AbiKind.Uint256, BigInteger number) => Word(number),
        (AbiKind.Uint256, ulong number) => Word(number),
        (AbiKind.Address, EthereumAddress address) => [.. new byte[12], .. address.ToArray()],
        (AbiKind.Bool, bool flag) => Word(flag ? 1 : 0),
        (AbiKind.Bytes32, byte[] { Length: 32 } bytes) => bytes,
        (AbiKind.Bytes, byte[] bytes) => Padded(bytes),
        (AbiKind.Text, string text) => Padded(Encoding.UTF8.GetBytes(text)),
        (AbiKind.Array, object[] items) =>
            [.. Word(items.Length), .. EncodeMembers([.. Enumerable.Repeat(type.Components[0], items.Length)], items)],
        (AbiKind.Tuple, object[] items) => EncodeMembers(type.Components, items),
        _ => throw new ArgumentException($"A {value?.GetType().Name ?? "null"} is no value of {type.Kind}.", nameof(value)),
    };

    private static byte[] Padded(byte[] bytes) => [.. Word(bytes.Length), .. bytes, .. new byte[(32 - (bytes.Length % 32)) % 32]];

    private static byte[] Word(int value)
    {
        var word = new byte[32];
        BinaryPrimitives.WriteInt32BigEndian(word.AsSpan(28), value);
        return word;
    }

    private static byte[] Word(BigInteger value)
    {
        if (value.Sign < 0 || value >= Limit) throw new ArgumentException("A uint256 is from 0 to 2^256-1.", nameof(value));
        var digits = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[32 - digits.Length], .. digits];
    }
}
