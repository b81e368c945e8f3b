using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pbts.Protocol.Ethereum;

/// <summary>
/// A thin client of the Ethereum JSON-RPC. Errors of the node, the network and malformed answers are results; only
/// cancellation by the caller throws. It holds no state and may be used by many callers at once.
/// </summary>
public sealed class EthereumRpcClient
{
    private readonly JsonRpcTransport _transport;

    /// <summary>Makes a client of the node at <paramref name="endpoint"/>; <paramref name="http"/> stays the caller's.</summary>
    public EthereumRpcClient(HttpClient http, Uri endpoint, EthereumRpcOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(endpoint);
        _transport = new JsonRpcTransport(http, endpoint, options ?? new EthereumRpcOptions());
    }

    private delegate bool Reader<T>(JsonElement json, out T? value);

    /// <summary>The chain id (EIP-695).</summary>
    public Task<RpcResult<ulong>> ChainIdAsync(CancellationToken cancellationToken = default) =>
        CallAsync<ulong>("eth_chainId", [], RpcJson.TryUInt64, cancellationToken);

    /// <summary>The height of the newest block.</summary>
    public Task<RpcResult<ulong>> BlockNumberAsync(CancellationToken cancellationToken = default) =>
        CallAsync<ulong>("eth_blockNumber", [], RpcJson.TryUInt64, cancellationToken);

    /// <summary>The newest block's header.</summary>
    public Task<RpcResult<BlockHeader>> LatestBlockAsync(CancellationToken cancellationToken = default) =>
        CallAsync<BlockHeader>("eth_getBlockByNumber", ["latest", false], RpcJson.TryHeader, cancellationToken);

    /// <summary>The number of transactions <paramref name="address"/> has sent: mined ones, or with those waiting in the node's pool.</summary>
    public Task<RpcResult<ulong>> TransactionCountAsync(EthereumAddress address, bool pending, CancellationToken cancellationToken = default) =>
        CallAsync<ulong>("eth_getTransactionCount", [address.ToString(), pending ? "pending" : "latest"], RpcJson.TryUInt64, cancellationToken);

    /// <summary>The number of transactions <paramref name="address"/> had sent in the state after <paramref name="block"/>.</summary>
    public Task<RpcResult<ulong>> TransactionCountAsync(EthereumAddress address, ulong block, CancellationToken cancellationToken = default) =>
        CallAsync<ulong>("eth_getTransactionCount", [address.ToString(), JsonRpcQuantity.Format(block)], RpcJson.TryUInt64, cancellationToken);

    /// <summary>The balance in wei.</summary>
    public Task<RpcResult<BigInteger>> BalanceAsync(EthereumAddress address, CancellationToken cancellationToken = default) =>
        CallAsync<BigInteger>("eth_getBalance", [address.ToString(), "latest"], RpcJson.TryQuantity, cancellationToken);

    /// <summary>The node's idea of a gas price, in wei.</summary>
    public Task<RpcResult<BigInteger>> GasPriceAsync(CancellationToken cancellationToken = default) =>
        CallAsync<BigInteger>("eth_gasPrice", [], RpcJson.TryQuantity, cancellationToken);

    /// <summary>The node's idea of a tip (EIP-1559), in wei.</summary>
    public Task<RpcResult<BigInteger>> MaxPriorityFeeAsync(CancellationToken cancellationToken = default) =>
        CallAsync<BigInteger>("eth_maxPriorityFeePerGas", [], RpcJson.TryQuantity, cancellationToken);

    /// <summary>The gas a call would burn on top of what the node has pending; <see cref="RpcErrorKind.Reverted"/> when it would revert.</summary>
    public Task<RpcResult<ulong>> EstimateGasAsync(EthereumCall call, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(call);
        return CallAsync<ulong>("eth_estimateGas", [call.ToJson(), "pending"], RpcJson.TryUInt64, cancellationToken);
    }

    /// <summary>Runs a call on the newest block, or at <paramref name="block"/>, and gives its return data.</summary>
    public Task<RpcResult<byte[]>> CallAsync(EthereumCall call, ulong? block = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(call);
        var at = block is { } number ? JsonRpcQuantity.Format(number) : "latest";
        return CallAsync<byte[]>("eth_call", [call.ToJson(), at], RpcJson.TryBytes, cancellationToken);
    }

    /// <summary>The code at an address, on the newest block or at <paramref name="block"/>; empty for an account that is no contract.</summary>
    public Task<RpcResult<byte[]>> CodeAsync(EthereumAddress address, ulong? block = null, CancellationToken cancellationToken = default) =>
        CallAsync<byte[]>("eth_getCode", [address.ToString(), block is { } number ? JsonRpcQuantity.Format(number) : "latest"], RpcJson.TryBytes, cancellationToken);

    /// <summary>Hands a signed transaction to the node and gives the hash the node names.</summary>
    public Task<RpcResult<string>> SendRawTransactionAsync(ReadOnlyMemory<byte> raw, CancellationToken cancellationToken = default) =>
        CallAsync<string>("eth_sendRawTransaction", [EthereumHex.Format(raw.Span)], RpcJson.TryHash, cancellationToken);

    /// <summary>What became of a transaction; null while it is not mined.</summary>
    public Task<RpcResult<TransactionReceipt?>> TransactionReceiptAsync(string hash, CancellationToken cancellationToken = default) =>
        CallAsync<TransactionReceipt?>("eth_getTransactionReceipt", [hash], Nullable<TransactionReceipt>(RpcJson.TryReceipt), cancellationToken);

    /// <summary>Whether the node knows a transaction, mined or waiting.</summary>
    public Task<RpcResult<bool>> KnowsTransactionAsync(string hash, CancellationToken cancellationToken = default) =>
        CallAsync<bool>("eth_getTransactionByHash", [hash], Known, cancellationToken);

    /// <summary>The logs a contract emitted from block <paramref name="from"/> to <paramref name="to"/>, both included.</summary>
    public Task<RpcResult<IReadOnlyList<EthereumLog>>> LogsAsync(
        EthereumAddress contract, string topic, ulong from, ulong to, CancellationToken cancellationToken = default)
    {
        var filter = new JsonObject
        {
            ["address"] = contract.ToString(),
            ["topics"] = new JsonArray(topic),
            ["fromBlock"] = JsonRpcQuantity.Format(from),
            ["toBlock"] = JsonRpcQuantity.Format(to),
        };
        return CallAsync<IReadOnlyList<EthereumLog>>("eth_getLogs", [filter], RpcJson.TryLogs, cancellationToken);
    }

    private static bool Known(JsonElement json, out bool known)
    {
        known = json.ValueKind == JsonValueKind.Object;
        return known || json.ValueKind == JsonValueKind.Null;
    }

    private static Reader<T?> Nullable<T>(Reader<T> reader) where T : class => (JsonElement json, out T? value) =>
    {
        value = null;
        return json.ValueKind == JsonValueKind.Null || reader(json, out value);
    };

    private async Task<RpcResult<T>> CallAsync<T>(string method, JsonArray parameters, Reader<T> reader, CancellationToken cancellationToken)
    {
        var result = await _transport.CallAsync(method, parameters, cancellationToken).ConfigureAwait(false);
        if (!result.TryGet(out var json, out var error)) return new(error);
        return reader(json, out var value)
            ? new(value!)
            : new(new RpcError(RpcErrorKind.Malformed, $"{method}: the result is not of the expected form"));
    }
}
