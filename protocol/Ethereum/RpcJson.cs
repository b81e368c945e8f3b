using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Text.Json;

namespace Pbts.Protocol.Ethereum;

/// <summary>Reads the objects of the Ethereum JSON-RPC; everything is checked, since a node may lie.</summary>
internal static class RpcJson
{
    public static bool TryQuantity(JsonElement json, out BigInteger value)
    {
        value = default;
        return json.ValueKind == JsonValueKind.String && JsonRpcQuantity.TryParse(json.GetString(), out value);
    }

    public static bool TryUInt64(JsonElement json, out ulong value)
    {
        var read = TryQuantity(json, out var big) && big <= ulong.MaxValue;
        value = read ? (ulong)big : 0;
        return read;
    }

    public static bool TryBytes(JsonElement json, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        return json.ValueKind == JsonValueKind.String && EthereumHex.TryParse(json.GetString(), out bytes);
    }

    public static bool TryHash(JsonElement json, [NotNullWhen(true)] out string? hash)
    {
        hash = TryBytes(json, out var bytes) && bytes.Length == 32 ? EthereumHex.Format(bytes) : null;
        return hash is not null;
    }

    public static bool TryReceipt(JsonElement json, [NotNullWhen(true)] out TransactionReceipt? receipt)
    {
        receipt = null;
        if (!TryField(json, "transactionHash", out var hashField) || !TryHash(hashField, out var hash)
            || !TryField(json, "status", out var statusField) || !TryUInt64(statusField, out var status) || status > 1
            || !TryField(json, "blockNumber", out var numberField) || !TryUInt64(numberField, out var number)
            || !TryField(json, "blockHash", out var blockField) || !TryHash(blockField, out var block)
            || !TryField(json, "gasUsed", out var gasField) || !TryUInt64(gasField, out var gas)
            || !TryField(json, "logs", out var logsField) || !TryLogs(logsField, out var logs)) return false;
        var price = TryField(json, "effectiveGasPrice", out var priceField) && TryQuantity(priceField, out var paid) ? paid : 0;
        EthereumAddress? created = TryField(json, "contractAddress", out var createdField) && createdField.ValueKind == JsonValueKind.String
            && EthereumAddress.TryParse(createdField.GetString(), out var address) ? address : null;
        receipt = new TransactionReceipt(hash, status == 1, number, block, gas, price, created, logs);
        return true;
    }

    public static bool TryLogs(JsonElement json, [NotNullWhen(true)] out IReadOnlyList<EthereumLog>? logs)
    {
        logs = null;
        if (json.ValueKind != JsonValueKind.Array) return false;
        var result = new List<EthereumLog>(json.GetArrayLength());
        foreach (var item in json.EnumerateArray())
        {
            if (!TryField(item, "address", out var addressField) || !EthereumAddress.TryParse(Text(addressField), out var address)
                || !TryField(item, "data", out var dataField) || !TryBytes(dataField, out var data)
                || !TryField(item, "topics", out var topicsField) || topicsField.ValueKind != JsonValueKind.Array) return false;
            var topics = new List<string>(4);
            foreach (var topic in topicsField.EnumerateArray())
            {
                if (topics.Count == 4 || !TryHash(topic, out var hash)) return false;
                topics.Add(hash);
            }
            result.Add(new EthereumLog(address, topics, data));
        }
        logs = result;
        return true;
    }

    public static bool TryHeader(JsonElement json, [NotNullWhen(true)] out BlockHeader? header)
    {
        header = null;
        if (!TryField(json, "number", out var numberField) || !TryUInt64(numberField, out var number)
            || !TryField(json, "hash", out var hashField) || !TryHash(hashField, out var hash)
            || !TryField(json, "gasLimit", out var limitField) || !TryUInt64(limitField, out var limit)) return false;
        BigInteger? baseFee = TryField(json, "baseFeePerGas", out var feeField) && TryQuantity(feeField, out var fee) ? fee : null;
        header = new BlockHeader(number, hash, baseFee, limit);
        return true;
    }

    private static bool TryField(JsonElement json, string name, out JsonElement field)
    {
        field = default;
        return json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out field);
    }

    private static string? Text(JsonElement json) => json.ValueKind == JsonValueKind.String ? json.GetString() : null;
}
