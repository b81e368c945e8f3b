using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Pbts.Protocol.Ethereum;

namespace Pbts.Protocol.Tests.Ethereum;

public sealed class TransactionTests
{
    [Fact]
    public void Signing_reproduces_every_transaction()
    {
        var vectors = EthereumVectors.Cases("transactions");
        Assert.Equal(47, vectors.Count);
        foreach (var vector in vectors)
        {
            var id = vector.Text("id");
            Assert.True(EthereumPrivateKey.TryParse(vector.Text("private_key"), out var key), id);
            Assert.Equal(vector.Text("from"), key.Address.ToString());
            var transaction = Read(vector);
            var unsigned = transaction.EncodeUnsigned();
            Assert.Equal(vector.Text("unsigned"), EthereumHex.Format(unsigned));
            Assert.Equal(vector.Text("signing_hash"), EthereumHex.Format(Keccak256.Hash(unsigned)));

            var result = transaction.Sign(key);
            Assert.Equal(Number(vector.Bytes("r")), result.Signature.R);
            Assert.Equal(Number(vector.Bytes("s")), result.Signature.S);
            Assert.Equal(vector.GetProperty("y_parity").GetInt32(), result.Signature.YParity);
            Assert.Equal(vector.Text("raw"), EthereumHex.Format(result.Raw.Span));
            Assert.Equal(vector.Text("hash"), result.Hash);
        }
    }

    [Fact]
    public void Raw_transactions_parse_back_to_what_was_signed()
    {
        foreach (var vector in EthereumVectors.Cases("transactions"))
        {
            Assert.True(SignedTransaction.TryParse(vector.Bytes("raw"), out var parsed), vector.Text("id"));
            Assert.Equal(vector.Text("hash"), parsed.Hash);
            Assert.Equal(vector.Text("unsigned"), EthereumHex.Format(parsed.Transaction.EncodeUnsigned()));
            Assert.Equal(Number(vector.Bytes("s")), parsed.Signature.S);
            Assert.Equal(vector.GetProperty("y_parity").GetInt32(), parsed.Signature.YParity);
        }
    }

    [Fact]
    public void Malformed_raw_transactions_are_refused()
    {
        foreach (var vector in EthereumVectors.Cases("transactions_invalid"))
        {
            Assert.False(SignedTransaction.TryParse(vector.Bytes("raw"), out _), $"{vector.Text("id")}: {vector.Text("reason")}");
        }
    }

    [Fact]
    public void Signatures_have_a_low_s()
    {
        var half = Number(EthereumVectors.Section("ecdsa_low_s").Bytes("half_n"));
        Assert.True(EthereumPrivateKey.TryParse(EthereumVectors.Cases("private_keys")[3].Text("private_key"), out var key));
        var flipped = 0;
        for (var i = 0; i < 64; i++)
        {
            var signature = key.Sign(Keccak256.Hash([(byte)i]));
            Assert.InRange(signature.S, BigInteger.One, half);
            flipped += signature.YParity;
        }
        Assert.InRange(flipped, 1, 63);
    }

    [Fact]
    public void Quantities_have_one_form()
    {
        foreach (var vector in EthereumVectors.Cases("json_rpc_quantity/valid"))
        {
            var value = BigInteger.Parse(vector.Text("value"), CultureInfo.InvariantCulture);
            Assert.Equal(vector.Text("hex"), JsonRpcQuantity.Format(value));
            Assert.True(JsonRpcQuantity.TryParse(vector.Text("hex"), out var parsed));
            Assert.Equal(value, parsed);
        }
        foreach (var vector in EthereumVectors.Cases("json_rpc_quantity/invalid"))
        {
            Assert.False(JsonRpcQuantity.TryParse(vector.Text("hex"), out _), vector.Text("reason"));
        }
        Assert.False(JsonRpcQuantity.TryParse(null, out _));
    }

    private static EthereumTransaction Read(JsonElement vector)
    {
        var dynamicFee = vector.GetProperty("type").GetInt32() == 2;
        return new EthereumTransaction
        {
            ChainId = vector.GetProperty("chain_id").GetString() is { } chain ? ulong.Parse(chain, CultureInfo.InvariantCulture) : null,
            Nonce = ulong.Parse(vector.Text("nonce"), CultureInfo.InvariantCulture),
            MaxFeePerGas = Decimal(vector, dynamicFee ? "max_fee_per_gas" : "gas_price"),
            MaxPriorityFeePerGas = dynamicFee ? Decimal(vector, "max_priority_fee_per_gas") : null,
            GasLimit = ulong.Parse(vector.Text("gas_limit"), CultureInfo.InvariantCulture),
            To = vector.GetProperty("to").GetString() is { } to ? EthereumVectors.Address(to) : null,
            Value = Decimal(vector, "value"),
            Data = vector.Bytes("data"),
            AccessList = !vector.TryGetProperty("access_list", out var list) ? [] : [.. list.EnumerateArray().Select(entry => new AccessListEntry(
                EthereumVectors.Address(entry.Text("address")),
                [.. entry.GetProperty("storage_keys").EnumerateArray().Select(k => EthereumVectors.Hex(k.GetString()!))]))],
        };
    }

    private static BigInteger Decimal(JsonElement vector, string name) => BigInteger.Parse(vector.Text(name), CultureInfo.InvariantCulture);

    private static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);
}
