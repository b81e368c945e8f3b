using System.Text.Json;
using Pbts.Protocol.Ethereum;

namespace Pbts.Cli.Contract;

/// <summary>Deploys the ReputationFactory that is built into this program.</summary>
internal static class FactoryDeployment
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    /// <summary>The receipt of the deployment, or what went wrong.</summary>
    public static async Task<(TransactionReceipt? Receipt, string? Error, bool Unreachable)> DeployAsync(
        EthereumRpcClient rpc, EthereumPrivateKey key, TimeSpan patience, CancellationToken cancellationToken)
    {
        var code = ReadCode();
        if (!(await rpc.ChainIdAsync(cancellationToken).ConfigureAwait(false)).TryGet(out var chainId, out var error)) return (null, error.Message, error.IsTransient);
        if (!(await rpc.TransactionCountAsync(key.Address, pending: true, cancellationToken).ConfigureAwait(false)).TryGet(out var nonce, out error)) return (null, error.Message, error.IsTransient);
        if (!(await GasFees.ReadAsync(rpc, cancellationToken).ConfigureAwait(false)).TryGet(out var fees, out error)) return (null, error.Message, error.IsTransient);
        if (!(await rpc.EstimateGasAsync(new EthereumCall(key.Address, null, code), cancellationToken).ConfigureAwait(false)).TryGet(out var gas, out error)) return (null, error.RevertReason ?? error.Message, error.IsTransient);
        var transaction = new EthereumTransaction
        {
            ChainId = chainId,
            Nonce = nonce,
            GasLimit = gas + (gas / 4),
            MaxFeePerGas = fees.MaxFee,
            MaxPriorityFeePerGas = fees.Tip,
            Data = code,
        }.Sign(key);
        var sent = await rpc.SendRawTransactionAsync(transaction.Raw, cancellationToken).ConfigureAwait(false);
        if (sent.Error is { } refused) return (null, refused.Message, refused.IsTransient);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            for (; ; await Task.Delay(Poll, limit.Token).ConfigureAwait(false))
            {
                // Errors of the moment are no verdict: the transaction is on its way.
                if (!(await rpc.TransactionReceiptAsync(transaction.Hash, limit.Token).ConfigureAwait(false)).TryGet(out var receipt, out _) || receipt is null) continue;
                return receipt is { Succeeded: true, ContractAddress: not null } ? (receipt, null, false) : (null, $"the deployment {transaction.Hash} was mined but reverted", false);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, $"{transaction.Hash} was not mined within {patience.TotalSeconds:0} s", true);
        }
    }

    /// <summary>The factory's init code, from the compiler's artefact.</summary>
    internal static byte[] ReadCode()
    {
        using var stream = typeof(FactoryDeployment).Assembly.GetManifestResourceStream("ReputationFactory.json")
            ?? throw new InvalidOperationException("The factory's code is missing from this build.");
        using var artefact = JsonDocument.Parse(stream);
        return EthereumHex.TryParse(artefact.RootElement.GetProperty("bytecode").GetString(), out var code)
            ? code : throw new InvalidOperationException("The factory's code is malformed in this build.");
    }
}
