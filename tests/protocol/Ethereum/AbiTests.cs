using System.Globalization;
using System.Numerics;
using System.Text.Json;
using CsCheck;
using Pbts.Protocol.Ethereum;

namespace Pbts.Protocol.Tests.Ethereum;

public sealed class AbiTests
{
    private static readonly Dictionary<string, AbiFunction> Functions = new AbiFunction[]
    {
        ReputationAbi.AddUser, ReputationAbi.AllUsers, ReputationAbi.CreateReputation, ReputationAbi.GetOffchainDataUrl, ReputationAbi.GetUserData,
        ReputationAbi.MigrateUserData, ReputationAbi.OffchainDataUrl, ReputationAbi.Owner, ReputationAbi.ReferrerReputation,
        ReputationAbi.SetOffchainDataUrl, ReputationAbi.UpdateUser,
    }.ToDictionary(function => function.Signature);

    [Fact]
    public void Selectors_match()
    {
        var selectors = EthereumVectors.Section("abi/selectors").EnumerateObject().ToList();
        Assert.Equal(Functions.Count, selectors.Count);
        Assert.All(selectors, item => Assert.Equal(item.Value.GetString(), EthereumHex.Format(Functions[item.Name].Selector.Span)));
    }

    [Fact]
    public void Calls_encode_to_the_vectors_bytes_and_back()
    {
        foreach (var vector in EthereumVectors.Cases("abi/calls"))
        {
            var function = Functions[vector.Text("function")];
            var arguments = vector.GetProperty("args").EnumerateArray().Select(a => Value(a.Text("type"), a.Text("value"))).ToArray();
            var call = vector.Bytes("calldata");
            Assert.Equal(vector.Text("calldata"), EthereumHex.Format(function.EncodeCall(arguments)));
            Assert.True(function.TryDecodeCall(call, out var decoded), vector.Text("id"));
            Assert.Equal(arguments, decoded);
        }
    }

    [Fact]
    public void Constructor_arguments_encode()
    {
        var types = AbiType.ParseTuple("(address,address)");
        foreach (var vector in EthereumVectors.Cases("abi/constructor_args"))
        {
            var arguments = vector.GetProperty("args").EnumerateArray().Select(a => (object)EthereumVectors.Address(a.GetString()!)).ToArray();
            Assert.Equal(vector.Text("encoded"), EthereumHex.Format(AbiEncoder.Encode(types, arguments)));
        }
    }

    [Fact]
    public void Results_decode()
    {
        foreach (var vector in EthereumVectors.Cases("abi/returns"))
        {
            var name = vector.Text("function");
            Assert.True(Functions[name].TryDecodeResult(vector.Bytes("data"), out var values), vector.Text("id"));
            var flat = values is [object[] inner] ? inner : values;
            var expected = vector.GetProperty("values").EnumerateObject().Select(v => v.Value.GetString()!).ToArray();
            Assert.Equal(expected, flat.Select(Print));
        }
    }

    [Fact]
    public void Malformed_results_are_refused()
    {
        foreach (var vector in EthereumVectors.Cases("abi/returns_invalid"))
        {
            Assert.False(Functions[vector.Text("function")].TryDecodeResult(vector.Bytes("data"), out _), $"{vector.Text("id")}: {vector.Text("reason")}");
        }
    }

    [Fact]
    public void The_factory_event_decodes()
    {
        var section = EthereumVectors.Section("abi/event_reputation_created");
        Assert.Equal(section.Text("signature"), ReputationAbi.ReputationCreated.Signature);
        Assert.Equal(section.Text("topic0"), ReputationAbi.ReputationCreated.Topic);
        foreach (var log in EthereumVectors.Cases("abi/event_reputation_created/logs"))
        {
            Assert.True(ReputationAbi.ReputationCreated.TryDecodeData(log.Bytes("data"), out var fields), log.Text("id"));
            Assert.Equal(log.GetProperty("decoded").EnumerateObject().Select(field => field.Value.GetString()!), fields.Select(Print));
        }
    }

    [Fact]
    public void Revert_data_gives_its_reason()
    {
        foreach (var vector in EthereumVectors.Cases("abi/reverts"))
        {
            var data = vector.Bytes("data");
            var reason = RevertReason.Decode(data);
            if (vector.Text("kind") == "Panic(uint256)")
            {
                Assert.True(RevertReason.TryDecodePanic(data, out var code));
                Assert.Equal(vector.GetProperty("code").GetInt32(), (int)code);
                Assert.StartsWith("Panic 0x", reason, StringComparison.Ordinal);
            }
            else
            {
                Assert.Equal(vector.GetProperty("message").GetString(), reason);
            }
        }
    }

    [Fact]
    public void Nested_arrays_and_tuples_round_trip()
    {
        var type = AbiType.ParseTuple("((string,uint256)[],bool,bytes[],(address,bytes32),uint256[][])");
        object[] values =
        [
            new object[] { new object[] { "alice", new BigInteger(7) }, new object[] { "bob", BigInteger.Zero } },
            true,
            new object[] { new byte[] { 1 }, Array.Empty<byte>(), new byte[33] },
            new object[] { EthereumVectors.Address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"), Keccak256.Hash([1]) },
            new object[] { Array.Empty<object>(), new object[] { BigInteger.One, BigInteger.Pow(2, 255) } },
        ];
        var encoded = AbiEncoder.Encode(type, values);
        Assert.True(AbiDecoder.TryDecode(type, encoded, out var decoded));
        Assert.Equal(values, decoded);
        // The static tuple lies in the head: offset 96, address then bytes32.
        Assert.Equal(0xf3, encoded[96 + 12]);
    }

    [Fact]
    public void Offsets_that_point_at_each_other_cannot_inflate_the_result()
    {
        // An array of n strings whose offsets all name one string of n words: n^2 words if followed blindly.
        const int n = 2_000;
        var data = new byte[32 * ((2 * n) + 3)];
        Word(data, 0, 32);
        Word(data, 1, n);
        for (var i = 0; i < n; i++) Word(data, 2 + i, 32 * n);
        Word(data, 2 + n, 32 * n);
        Assert.False(AbiDecoder.TryDecode(AbiType.ParseTuple("(bytes[])"), data, out _));
        Word(data, 1, int.MaxValue / 64);
        Assert.False(AbiDecoder.TryDecode(AbiType.ParseTuple("(bytes[])"), data, out _));
    }

    [Fact]
    public void Flags_and_addresses_with_stray_bits_are_refused()
    {
        var word = new byte[32];
        word[31] = 2;
        Assert.False(AbiDecoder.TryDecode(AbiType.ParseTuple("(bool)"), word, out _));
        word[0] = 1;
        Assert.False(AbiDecoder.TryDecode(AbiType.ParseTuple("(address)"), word, out _));
    }

    [Fact]
    public void Damaged_return_data_never_throws()
    {
        var type = AbiType.ParseTuple("((string,bytes[],(string,uint256)[])[])");
        var good = AbiEncoder.Encode(type, new object[] { new object[] { new object[] { "name", new object[] { new byte[40] }, new object[] { new object[] { "x", BigInteger.One } } } } });
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Int[0, good.Length]).Sample((at, value, length) =>
        {
            var damaged = good.ToArray();
            damaged[at] = value;
            _ = AbiDecoder.TryDecode(type, damaged.AsSpan(0, length), out _);
        }, iter: 20_000);
    }

    private static void Word(byte[] data, int index, int value) =>
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(data.AsSpan((32 * index) + 28), value);

    private static object Value(string type, string text) => type switch
    {
        "string" => text,
        "bytes" or "bytes32" => EthereumVectors.Hex(text),
        "uint256" => BigInteger.Parse(text, CultureInfo.InvariantCulture),
        "address" => EthereumVectors.Address(text),
        _ => throw new InvalidOperationException(type),
    };

    private static string Print(object value) => value switch
    {
        byte[] bytes => EthereumHex.Format(bytes),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
