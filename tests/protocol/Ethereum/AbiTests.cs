using System.Globalization;
using System.Numerics;
using System.Text.Json;
using CsCheck;
using Nethereum.Hex.HexConvertors.Extensions;
using Nethereum.RPC.Eth.DTOs;
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

    private static readonly EthereumAddress Contract = EthereumVectors.Address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");

    [Fact]
    public void Selectors_match()
    {
        var selectors = EthereumVectors.Section("abi/selectors").EnumerateObject().ToList();
        Assert.Equal(Functions.Count, selectors.Count);
        Assert.All(selectors, item => Assert.Equal(item.Value.GetString(), Functions[item.Name].Selector.ToArray().ToHex(prefix: true)));
    }

    [Fact]
    public void Calls_encode_to_the_vectors_bytes_and_back()
    {
        foreach (var vector in EthereumVectors.Cases("abi/calls"))
        {
            var function = Functions[vector.Text("function")];
            var arguments = vector.GetProperty("args").EnumerateArray().Select(a => Value(a.Text("type"), a.Text("value"))).ToArray();
            var call = vector.Bytes("calldata");
            Assert.Equal(vector.Text("calldata"), function.EncodeCall(arguments).ToHex(prefix: true));
            Assert.True(function.TryDecodeCall(call, out var decoded), vector.Text("id"));
            Assert.Equal(arguments, decoded);
        }
    }

    [Fact]
    public void Constructor_arguments_encode()
    {
        var constructor = new AbiFunction("function f(address creator, address referrer)");
        foreach (var vector in EthereumVectors.Cases("abi/constructor_args"))
        {
            var arguments = vector.GetProperty("args").EnumerateArray().Select(a => (object)EthereumVectors.Address(a.GetString()!)).ToArray();
            Assert.Equal(vector.Text("encoded"), constructor.EncodeCall(arguments)[4..].ToHex(prefix: true));
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
            var entry = new FilterLog { Address = Contract.ToString(), Topics = [section.Text("topic0")], Data = log.Text("data") };
            Assert.True(ReputationAbi.ReputationCreated.TryDecode(entry, Contract, out var fields), log.Text("id"));
            Assert.False(ReputationAbi.ReputationCreated.TryDecode(entry, EthereumAddress.Zero, out _));
            Assert.False(ReputationV2Abi.UserAdded.TryDecode(entry, Contract, out _));
            Assert.Equal(log.GetProperty("decoded").EnumerateObject().Select(field => field.Value.GetString()!), fields.Select(Print));
        }
    }

    [Fact]
    public void Revert_data_gives_its_reason()
    {
        foreach (var vector in EthereumVectors.Cases("abi/reverts"))
        {
            var reason = RevertReason.Decode(vector.Text("data"));
            if (vector.Text("kind") == "Panic(uint256)")
            {
                var code = vector.GetProperty("code").GetInt32().ToString("x2", CultureInfo.InvariantCulture);
                Assert.Matches($"^Panic 0x{code}(: |$)", reason);
            }
            else
            {
                Assert.Equal(vector.GetProperty("message").GetString(), reason);
            }
        }
        Assert.Null(RevertReason.Decode(null));
        Assert.Null(RevertReason.Decode("0x"));
        Assert.Null(RevertReason.Decode("not hex"));
    }

    [Fact]
    public void Arrays_are_written_as_the_compiler_reads_them()
    {
        var call = ReputationV2Abi.UpdateUsers.EncodeCall(new[] { "alice", "bob" }, new[] { BigInteger.One, BigInteger.Zero }, new[] { BigInteger.Pow(2, 95), 7 });
        string[] words =
        [
            "60", "140", "1a0", "2", "40", "80", "5", Text("alice"), "3", Text("bob"), "2", "1", "0", "2", "800000000000000000000000", "7",
        ];
        Assert.Equal(string.Concat(words.Select(word => word.Length == 64 ? word : word.PadLeft(64, '0'))), call[4..].ToHex());

        static string Text(string text) => Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(text)).PadRight(64, '0');
    }

    [Fact]
    public void Values_of_the_wrong_number_or_range_are_not_encoded()
    {
        Assert.ThrowsAny<Exception>(() => ReputationAbi.UpdateUser.EncodeCall("alice", BigInteger.One));
        Assert.ThrowsAny<Exception>(() => ReputationAbi.UpdateUser.EncodeCall("alice", BigInteger.One, BigInteger.Pow(2, 256)));
        Assert.ThrowsAny<Exception>(() => ReputationAbi.UpdateUser.EncodeCall("alice", BigInteger.One, BigInteger.MinusOne));
        Assert.ThrowsAny<Exception>(() => ReputationAbi.AddUser.EncodeCall("alice", "", new byte[33], BigInteger.One, BigInteger.One));
    }

    [Fact]
    public void Flags_and_addresses_with_stray_bits_are_refused()
    {
        var word = new byte[32];
        word[31] = 2;
        Assert.False(ReputationV2Abi.Retired.TryDecodeResult(word, out _));
        word[0] = 1;
        Assert.False(ReputationAbi.Owner.TryDecodeResult(word, out _));
    }

    [Fact]
    public void A_name_that_looks_like_an_address_stays_a_text()
    {
        const string name = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
        Assert.True(ReputationAbi.MigrateUserData.TryDecodeCall(ReputationAbi.MigrateUserData.EncodeCall(name), out var arguments));
        Assert.Equal(name, arguments[0]);
    }

    [Fact]
    public void Damaged_return_data_never_throws()
    {
        var good = new AbiFunction("function f((string,string,bytes32,uint256,uint256) user, bytes key, address holder, uint256 hops)").EncodeCall(
            new object[] { "name", "salt", new byte[32], BigInteger.One, BigInteger.Zero }, new byte[48], Contract, BigInteger.One)[4..];
        Assert.True(ReputationV2Abi.ResolveUser.TryDecodeResult(good, out _));
        for (var length = 0; length < good.Length; length++)
            Assert.False(ReputationV2Abi.ResolveUser.TryDecodeResult(good.AsSpan(0, length), out _));
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Int[0, good.Length]).Sample((at, value, length) =>
        {
            var damaged = good.ToArray();
            damaged[at] = value;
            if (ReputationV2Abi.ResolveUser.TryDecodeResult(damaged.AsSpan(0, length), out var values))
                Assert.Equal(4, values.Length);
        }, iter: 20_000);
    }

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
        byte[] bytes => bytes.ToHex(prefix: true),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
