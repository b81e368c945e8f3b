using System.Numerics;
using Nethereum.Hex.HexConvertors.Extensions;
using Pbts.Protocol.Ethereum;

namespace Pbts.Protocol.Tests.Ethereum;

/// <summary>Call data and signatures as Foundry's <c>cast</c> makes them of the compiled contract's.</summary>
public sealed class ReputationV4AbiTests
{
    private const string Hash = "4eb1624eddecd0990e780cc74b5b275a9d165d8a0ccfb8a43a8b8812192467a0";

    [Fact]
    public void An_anchor_is_written_as_the_contract_reads_it() => AssertCall(
        ReputationV4Abi.Anchor.EncodeCall(Hash.HexToByteArray(), new BigInteger(ulong.MaxValue), new BigInteger(7), new BigInteger(uint.MaxValue), BigInteger.One),
        "05434dc8", Hash, "ffffffffffffffff", "7", "ffffffff", "1");

    [Fact]
    public void A_claim_is_written_as_the_contract_reads_it()
    {
        byte[] salt = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        byte[] key = [0x97, 0xf1, 0xd3];
        byte[] path = [0xaa, 0xbb];
        AssertCall(
            ReputationV4Abi.ClaimUser.EncodeCall(
                "bob", Hash.HexToByteArray(), salt, key, new BigInteger(ulong.MaxValue), new BigInteger(7), new BigInteger(3), new BigInteger(5), path),
            "b454e90a", "120", Hash, "000102030405060708090a0b0c0d0e0f" + new string('0', 32), "160", "ffffffffffffffff", "7", "3", "5", "1a0",
            "3", "626f62".PadRight(64, '0'), "3", "97f1d3".PadRight(64, '0'), "2", "aabb".PadRight(64, '0'));
    }

    [Fact]
    public void Reads_and_the_event_have_the_contracts_names()
    {
        Assert.Equal("a7fdf4f3", ReputationV4Abi.AnchorSequence.Selector.ToArray().ToHex());
        Assert.Equal("eaa38b41", ReputationV4Abi.RootAt.Selector.ToArray().ToHex());
        Assert.Equal("0xaea6175cd258e2a5d7461d027f290d7c0218af15a298b277a34749ede72d3baa", ReputationV4Abi.Anchored.Topic);
    }

    private static void AssertCall(byte[] call, string selector, params string[] words) =>
        Assert.Equal(selector + string.Concat(words.Select(word => word.PadLeft(64, '0'))), call.ToHex());
}
