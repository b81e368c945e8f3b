using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Nethereum.Hex.HexConvertors.Extensions;
using Nethereum.Model;
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
            Assert.Equal(vector.Text("signing_hash"), transaction.RawHash.ToHex(prefix: true));

            var (hash, raw) = key.Sign(transaction);
            Assert.Equal(vector.Text("raw"), raw.ToHex(prefix: true));
            Assert.Equal(vector.Text("hash"), hash);
        }
    }

    [Fact]
    public void Fees_decide_the_kind_of_a_transaction()
    {
        var built = new HashSet<int>();
        foreach (var vector in EthereumVectors.Cases("transactions").Where(v => v.Text("value") == "0" && v.GetProperty("chain_id").GetString() is not null))
        {
            if (vector.TryGetProperty("access_list", out var list) && list.GetArrayLength() > 0) continue;
            var type = vector.GetProperty("type").GetInt32();
            var fees = type == 2
                ? new GasFees(Decimal(vector, "max_fee_per_gas"), Decimal(vector, "max_priority_fee_per_gas"), 0)
                : new GasFees(Decimal(vector, "gas_price"), null, 0);
            EthereumAddress? to = vector.GetProperty("to").GetString() is { } text ? EthereumVectors.Address(text) : null;
            Assert.True(EthereumPrivateKey.TryParse(vector.Text("private_key"), out var key));
            var (_, raw) = key.Sign(fees.Transaction(
                (ulong)Decimal(vector, "chain_id"), (ulong)Decimal(vector, "nonce"), (ulong)Decimal(vector, "gas_limit"), to, vector.Bytes("data")));
            Assert.Equal(vector.Text("raw"), raw.ToHex(prefix: true));
            built.Add(type);
        }
        Assert.Equal([0, 2], built.Order());
    }

    private static ISignedTransaction Read(JsonElement vector)
    {
        var (nonce, gas, value) = (Decimal(vector, "nonce"), Decimal(vector, "gas_limit"), Decimal(vector, "value"));
        var (to, data, chain) = (vector.GetProperty("to").GetString(), vector.Text("data"), vector.GetProperty("chain_id").GetString());
        if (vector.GetProperty("type").GetInt32() == 0)
        {
            var price = Decimal(vector, "gas_price");
            return chain is null
                ? new LegacyTransaction(to, value, nonce, price, gas, data)
                : new LegacyTransactionChainId(to, value, nonce, price, gas, data, Decimal(vector, "chain_id"));
        }
        List<AccessListItem> accessList = !vector.TryGetProperty("access_list", out var list) ? [] : [.. list.EnumerateArray().Select(entry => new AccessListItem(
            entry.Text("address"), [.. entry.GetProperty("storage_keys").EnumerateArray().Select(k => EthereumVectors.Hex(k.GetString()!))]))];
        return new Transaction1559(
            Decimal(vector, "chain_id"), nonce, Decimal(vector, "max_priority_fee_per_gas"), Decimal(vector, "max_fee_per_gas"), gas, to, value, data, accessList);
    }

    private static BigInteger Decimal(JsonElement vector, string name) => BigInteger.Parse(vector.Text(name), CultureInfo.InvariantCulture);
}
