using System.Text.Json;
using Nethereum.Hex.HexConvertors.Extensions;
using Nethereum.RPC.Eth.DTOs;
using Pbts.Protocol.Ethereum;

namespace Pbts.Cli.Contract;

/// <summary>Deploys the ReputationFactory that is built into this program.</summary>
internal static class FactoryDeployment
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    /// <summary>The factory, or what went wrong.</summary>
    public static async Task<(DeployedFactory? Factory, string? Error, bool Unreachable)> DeployAsync(
        EthereumRpcClient rpc, EthereumPrivateKey key, TimeSpan patience, CancellationToken cancellationToken)
    {
        var code = ReadCode();
        if (!(await rpc.ChainIdAsync(cancellationToken).ConfigureAwait(false)).TryGet(out var chainId, out var error)) return (null, error.Message, error.IsTransient);
        if (!(await rpc.TransactionCountAsync(key.Address, pending: true, cancellationToken).ConfigureAwait(false)).TryGet(out var nonce, out error)) return (null, error.Message, error.IsTransient);
        if (!(await GasFees.ReadAsync(rpc, cancellationToken).ConfigureAwait(false)).TryGet(out var fees, out error)) return (null, error.Message, error.IsTransient);
        if (!(await rpc.EstimateGasAsync(key.Address, null, code, cancellationToken).ConfigureAwait(false)).TryGet(out var gas, out error)) return (null, error.RevertReason ?? error.Message, error.IsTransient);
        var (hash, raw) = key.Sign(fees.Transaction(chainId, nonce, gas + (gas / 4), null, code));
        var sent = await rpc.SendRawTransactionAsync(raw, cancellationToken).ConfigureAwait(false);
        if (sent.Error is { } refused) return (null, refused.Message, refused.IsTransient);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            for (; ; await Task.Delay(Poll, limit.Token).ConfigureAwait(false))
            {
                // Errors of the moment are no verdict: the transaction is on its way.
                if (!(await rpc.TransactionReceiptAsync(hash, limit.Token).ConfigureAwait(false)).TryGet(out var receipt, out _) || receipt is null) continue;
                return receipt.Succeeded() && EthereumAddress.TryParse(receipt.ContractAddress, out var factory)
                    ? (new DeployedFactory(factory, hash, (ulong)receipt.GasUsed.Value), null, false)
                    : (null, $"the deployment {hash} was mined but reverted", false);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, $"{hash} was not mined within {patience.TotalSeconds:0} s", true);
        }
    }

    /// <summary>The factory's init code, from the compiler's artefact.</summary>
    internal static byte[] ReadCode()
    {
        using var stream = typeof(FactoryDeployment).Assembly.GetManifestResourceStream("ReputationFactory.json")
            ?? throw new InvalidOperationException("The factory's code is missing from this build.");
        using var artefact = JsonDocument.Parse(stream);
        return artefact.RootElement.GetProperty("bytecode").GetString()!.HexToByteArray();
    }
}
