using System.Numerics;
using Nethereum.Contracts.Services;
using Nethereum.Hex.HexConvertors.Extensions;
using Nethereum.Hex.HexTypes;
using Nethereum.JsonRpc.Client;
using Nethereum.RPC.Eth.DTOs;
using Nethereum.Web3;

namespace Pbts.Protocol.Ethereum;

/// <summary>
/// Nethereum's Ethereum JSON-RPC with everything a node answers checked, since a node may lie. Errors of the node, the
/// network and malformed answers are results; only cancellation by the caller throws. May be used by many callers at once.
/// </summary>
public sealed class EthereumRpcClient : IDisposable
{
    private const int MaxMessageLength = 300;

    private readonly HttpClient _http;
    private readonly BoundedRpcClient _client;
    private readonly IEthApiContractService _eth;

    /// <summary>Makes a client of the node at <paramref name="endpoint"/>.</summary>
    public EthereumRpcClient(Uri endpoint, EthereumRpcOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        options ??= new EthereumRpcOptions();
        _http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(5) })
        {
            Timeout = options.Timeout,
            MaxResponseContentBufferSize = options.MaxResponseBytes,
        };
        _client = new BoundedRpcClient(_http, endpoint);
        _eth = new Web3(_client).Eth;
    }

    /// <summary>The chain id (EIP-695).</summary>
    public Task<Outcome<ulong>> ChainIdAsync(CancellationToken cancellationToken = default) =>
        AskAsync("eth_chainId", async () => (ulong)RpcChecks.Quantity(await _eth.ChainId.SendRequestAsync().ConfigureAwait(false)), cancellationToken);

    /// <summary>The height of the newest block.</summary>
    public Task<Outcome<ulong>> BlockNumberAsync(CancellationToken cancellationToken = default) =>
        AskAsync("eth_blockNumber", async () => (ulong)RpcChecks.Quantity(await _eth.Blocks.GetBlockNumber.SendRequestAsync().ConfigureAwait(false)), cancellationToken);

    /// <summary>A block by its height; its timestamp is there too.</summary>
    public Task<Outcome<Block>> BlockAsync(ulong number, CancellationToken cancellationToken = default) => AskAsync<Block>(
        "eth_getBlockByNumber",
        async () =>
        {
            var block = RpcChecks.Block(await _eth.Blocks.GetBlockWithTransactionsHashesByNumber.SendRequestAsync(At(number)).ConfigureAwait(false));
            RpcChecks.Count(block.Timestamp);
            return block;
        },
        cancellationToken);

    /// <summary>The newest block: its number, hash, gas limit and, with EIP-1559, base fee are there.</summary>
    public Task<Outcome<Block>> LatestBlockAsync(CancellationToken cancellationToken = default) => AskAsync<Block>(
        "eth_getBlockByNumber",
        async () => RpcChecks.Block(await _eth.Blocks.GetBlockWithTransactionsHashesByNumber.SendRequestAsync(BlockParameter.CreateLatest()).ConfigureAwait(false)),
        cancellationToken);

    /// <summary>The number of transactions <paramref name="address"/> has sent: mined ones, or with those waiting in the node's pool.</summary>
    public Task<Outcome<ulong>> TransactionCountAsync(EthereumAddress address, bool pending, CancellationToken cancellationToken = default) =>
        TransactionCountAsync(address, pending ? BlockParameter.CreatePending() : BlockParameter.CreateLatest(), cancellationToken);

    /// <summary>The number of transactions <paramref name="address"/> had sent in the state after <paramref name="block"/>.</summary>
    public Task<Outcome<ulong>> TransactionCountAsync(EthereumAddress address, ulong block, CancellationToken cancellationToken = default) =>
        TransactionCountAsync(address, At(block), cancellationToken);

    /// <summary>The node's idea of a gas price, in wei.</summary>
    public Task<Outcome<BigInteger>> GasPriceAsync(CancellationToken cancellationToken = default) =>
        AskAsync("eth_gasPrice", async () => RpcChecks.Quantity(await _eth.GasPrice.SendRequestAsync().ConfigureAwait(false)), cancellationToken);

    /// <summary>The node's idea of a tip (EIP-1559), in wei.</summary>
    public Task<Outcome<BigInteger>> MaxPriorityFeeAsync(CancellationToken cancellationToken = default) =>
        AskAsync("eth_maxPriorityFeePerGas", async () => RpcChecks.Quantity(await _client.SendRequestAsync<HexBigInteger>("eth_maxPriorityFeePerGas").ConfigureAwait(false)), cancellationToken);

    /// <summary>The gas a call would burn on top of what the node has pending; <see cref="ProblemKind.Reverted"/> when it would revert.</summary>
    public Task<Outcome<ulong>> EstimateGasAsync(EthereumAddress? from, EthereumAddress? to, ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default) =>
        // Nethereum's own method cannot name the block.
        AskAsync("eth_estimateGas", async () => (ulong)RpcChecks.Quantity(await _client.SendRequestAsync<HexBigInteger>(
            "eth_estimateGas", null, Input(from, to, data), BlockParameter.CreatePending()).ConfigureAwait(false)), cancellationToken);

    /// <summary>Runs a call on the newest block, or at <paramref name="block"/>, and gives its return data.</summary>
    public Task<Outcome<byte[]>> CallAsync(
        EthereumAddress? from, EthereumAddress? to, ReadOnlyMemory<byte> data, ulong? block = null, CancellationToken cancellationToken = default) =>
        AskAsync("eth_call", async () => RpcChecks.Bytes(await _eth.Transactions.Call.SendRequestAsync(Input(from, to, data), At(block)).ConfigureAwait(false)), cancellationToken);

    /// <summary>The code at an address, on the newest block or at <paramref name="block"/>; empty for an account that is no contract.</summary>
    public Task<Outcome<byte[]>> CodeAsync(EthereumAddress address, ulong? block = null, CancellationToken cancellationToken = default) =>
        AskAsync("eth_getCode", async () => RpcChecks.Bytes(await _eth.GetCode.SendRequestAsync(address.ToString(), At(block)).ConfigureAwait(false)), cancellationToken);

    /// <summary>Hands a signed transaction to the node and gives the hash the node names.</summary>
    public Task<Outcome<string>> SendRawTransactionAsync(byte[] raw, CancellationToken cancellationToken = default) => AskAsync(
        "eth_sendRawTransaction",
        async () => RpcChecks.Hash(await _eth.Transactions.SendRawTransaction.SendRequestAsync(raw.ToHex(prefix: true)).ConfigureAwait(false)),
        cancellationToken);

    /// <summary>What became of a transaction; null while it is not mined.</summary>
    public Task<Outcome<TransactionReceipt?>> TransactionReceiptAsync(string hash, CancellationToken cancellationToken = default) => AskAsync(
        "eth_getTransactionReceipt",
        async () => RpcChecks.Receipt(await _eth.Transactions.GetTransactionReceipt.SendRequestAsync(hash).ConfigureAwait(false)),
        cancellationToken);

    /// <summary>Whether the node knows a transaction, mined or waiting.</summary>
    public Task<Outcome<bool>> KnowsTransactionAsync(string hash, CancellationToken cancellationToken = default) =>
        AskAsync("eth_getTransactionByHash", async () => await _eth.Transactions.GetTransactionByHash.SendRequestAsync(hash).ConfigureAwait(false) is not null, cancellationToken);

    /// <summary>The logs a contract emitted from block <paramref name="from"/> to <paramref name="to"/>, both included.</summary>
    public Task<Outcome<FilterLog[]>> LogsAsync(EthereumAddress contract, string topic, ulong from, ulong to, CancellationToken cancellationToken = default)
    {
        var filter = new NewFilterInput { Address = [contract.ToString()], Topics = [topic], FromBlock = At(from), ToBlock = At(to) };
        return AskAsync("eth_getLogs", async () => RpcChecks.Logs(await _eth.Filters.GetLogs.SendRequestAsync(filter).ConfigureAwait(false)), cancellationToken);
    }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private Task<Outcome<ulong>> TransactionCountAsync(EthereumAddress address, BlockParameter block, CancellationToken cancellationToken) => AskAsync(
        "eth_getTransactionCount",
        async () => RpcChecks.Count(await _eth.Transactions.GetTransactionCount.SendRequestAsync(address.ToString(), block).ConfigureAwait(false)),
        cancellationToken);

    private static BlockParameter At(ulong? block) => block is { } number ? new BlockParameter(number) : BlockParameter.CreateLatest();

    private static CallInput Input(EthereumAddress? from, EthereumAddress? to, ReadOnlyMemory<byte> data) =>
        new() { From = from?.ToString(), To = to?.ToString(), Data = data.ToArray().ToHex(prefix: true) };

    private static async Task<Outcome<T>> AskAsync<T>(string method, Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return new(await ask().WaitAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (RpcFailedException failure)
        {
            return new(new Problem(failure.Kind, $"{method}: {failure.Message}", failure.Code));
        }
        catch (RpcResponseException refusal)
        {
            return new(NodeError(method, refusal.RpcError));
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // Nethereum and the checks throw whatever they come upon in an answer of the wrong form.
            return new(new Problem(ProblemKind.Malformed, $"{method}: the result is not of the expected form"));
        }
    }

    private static Problem NodeError(string method, Nethereum.JsonRpc.Client.RpcError error)
    {
        // Nethereum appends the method to the node's words.
        var message = error.Message[..^(method.Length + 2)];
        if (message.Length > MaxMessageLength)
            message = message[..MaxMessageLength];
        var reason = RevertReason.Decode(error.GetDataAsString());
        // Code 3 is what nodes use for a revert; some send only the words.
        var reverted = error.Code == 3 || reason is not null || message.Contains("revert", StringComparison.OrdinalIgnoreCase);
        return new Problem(reverted ? ProblemKind.Reverted : ProblemKind.Node, $"{method}: {message}", error.Code, reason);
    }
}
