using System.Numerics;
using System.Text;
using System.Text.Json;
using Nethereum.Hex.HexConvertors.Extensions;
using Nethereum.Util;
using Pbts.Protocol.Ethereum;

namespace Pbts.Protocol.Tests.Ethereum;

public sealed class KeyVectorTests
{
    [Fact]
    public void Keccak_matches_every_vector()
    {
        foreach (var vector in EthereumVectors.Cases("keccak256"))
        {
            var input = vector.Bytes("input");
            if (vector.GetProperty("text").GetString() is { } text) Assert.Equal(input, Encoding.UTF8.GetBytes(text));
            Assert.Equal(vector.Text("output"), Sha3Keccack.Current.CalculateHash(input).ToHex(prefix: true));
        }
    }

    [Fact]
    public void Keys_give_their_public_key_and_address()
    {
        var vectors = EthereumVectors.Cases("accounts/derived").Concat(EthereumVectors.Cases("private_keys")).ToList();
        Assert.Equal(14, vectors.Count);
        foreach (var vector in vectors)
        {
            Assert.True(EthereumPrivateKey.TryParse(vector.Text("private_key"), out var key));
            Assert.Equal(vector.Text("public_key"), key.PublicKey.ToArray().ToHex(prefix: true));
            Assert.Equal(vector.Text("address"), key.Address.ToString());
            Assert.True(EthereumPrivateKey.TryParse(vector.Text("private_key")[2..], out var bare));
            Assert.Equal(key.Address, bare.Address);
        }
    }

    [Fact]
    public void Keys_out_of_range_or_of_the_wrong_length_are_refused()
    {
        foreach (var vector in EthereumVectors.Cases("private_keys_invalid"))
        {
            Assert.False(EthereumPrivateKey.TryParse(vector.Text("private_key"), out _), vector.Text("id"));
        }
        Assert.False(EthereumPrivateKey.TryParse(null, out _));
        Assert.False(EthereumPrivateKey.TryParse("", out _));
        Assert.False(EthereumPrivateKey.TryParse(new string('g', 64), out _));
    }

    [Fact]
    public void A_key_never_prints_or_serialises_its_secret()
    {
        const string secret = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
        Assert.True(EthereumPrivateKey.TryParse(secret, out var key));
        Assert.DoesNotContain(secret, key.ToString(), StringComparison.OrdinalIgnoreCase);
        var json = JsonSerializer.Serialize(new { key.Address, key });
        Assert.DoesNotContain(secret, json, StringComparison.OrdinalIgnoreCase);
        var decimalSecret = new BigInteger(Convert.FromHexString(secret), isUnsigned: true, isBigEndian: true).ToString();
        Assert.DoesNotContain(decimalSecret, $"{key} {json}", StringComparison.Ordinal);
    }

    [Fact]
    public void Addresses_carry_the_checksum()
    {
        foreach (var vector in EthereumVectors.Cases("address_checksum/valid"))
        {
            Assert.Equal(vector.Text("checksum"), EthereumVectors.Address(vector.Text("lower")).ToString());
            Assert.Equal(vector.Text("checksum"), EthereumVectors.Address(vector.Text("checksum")).ToString());
            Assert.Equal(vector.Text("checksum"), EthereumVectors.Address("0x" + vector.Text("lower")[2..].ToUpperInvariant()).ToString());
        }
    }

    [Fact]
    public void Malformed_addresses_are_refused()
    {
        foreach (var vector in EthereumVectors.Cases("address_checksum/invalid"))
        {
            Assert.False(EthereumAddress.TryParse(vector.Text("address"), out _), $"{vector.Text("address")}: {vector.Text("reason")}");
        }
        Assert.False(EthereumAddress.TryParse("0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", out _));
        Assert.False(EthereumAddress.TryParse(null, out _));
    }
}
