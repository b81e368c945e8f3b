using System.Globalization;
using System.Numerics;
using System.Text.Json;
using CsCheck;
using Pbts.Protocol.Ethereum;

namespace Pbts.Protocol.Tests.Ethereum;

public sealed class RlpTests
{
    [Fact]
    public void Items_encode_and_decode_as_the_vectors_say()
    {
        foreach (var vector in EthereumVectors.Cases("rlp/encode"))
        {
            var encoded = vector.Bytes("encoded");
            Assert.Equal(encoded, Rlp.Encode(Item(vector.GetProperty("value"))));
            Assert.True(Rlp.TryDecode(encoded, out var decoded), vector.Text("id"));
            Assert.Equal(encoded, Rlp.Encode(decoded));
            Assert.Equal(vector.GetProperty("value").ValueKind == JsonValueKind.Array, decoded.Items is not null);
        }
    }

    [Fact]
    public void Integers_are_minimal()
    {
        foreach (var vector in EthereumVectors.Cases("rlp/integers"))
        {
            var value = BigInteger.Parse(vector.Text("value"), CultureInfo.InvariantCulture);
            Assert.Equal(vector.Bytes("encoded"), Rlp.Encode(RlpItem.OfInteger(value)));
            Assert.True(Rlp.TryDecode(vector.Bytes("encoded"), out var item));
            Assert.True(item.TryGetInteger(32, out var back));
            Assert.Equal(value, back);
        }
        Assert.False(RlpItem.OfBytes(new byte[] { 0, 1 }).TryGetInteger(32, out _));
        Assert.False(RlpItem.OfBytes(new byte[] { 1, 1 }).TryGetInteger(1, out _));
    }

    [Fact]
    public void Encodings_that_are_malformed_or_not_canonical_are_refused()
    {
        foreach (var vector in EthereumVectors.Cases("rlp/decode_invalid"))
        {
            Assert.False(Rlp.TryDecode(vector.Bytes("encoded"), out _), $"{vector.Text("id")}: {vector.Text("reason")}");
        }
    }

    [Fact]
    public void Deep_nesting_is_refused_without_exhausting_the_stack()
    {
        var item = RlpItem.OfList();
        for (var i = 0; i <= Rlp.MaxDepth; i++) item = RlpItem.OfList(item);
        Assert.False(Rlp.TryDecode(Rlp.Encode(item), out _));
        Assert.False(Rlp.TryDecode(Enumerable.Repeat((byte)0xc1, 1_000_000).ToArray(), out _));
    }

    [Fact]
    public void Whatever_decodes_encodes_to_the_same_bytes() =>
        Gen.Byte.Array[0, 80].Sample(bytes => !Rlp.TryDecode(bytes, out var item) || Rlp.Encode(item).AsSpan().SequenceEqual(bytes), iter: 20_000);

    private static RlpItem Item(JsonElement json) => json.ValueKind == JsonValueKind.Array
        ? RlpItem.OfList([.. json.EnumerateArray().Select(Item)])
        : RlpItem.OfBytes(EthereumVectors.Hex(json.GetString()!));
}
