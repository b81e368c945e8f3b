using System.Text.Json;
using Nethereum.Hex.HexConvertors.Extensions;
using Nethereum.RPC.Eth.DTOs;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Cli.Chain;

/// <summary>Deploys the ReputationFactory that is built into this program.</summary>
internal static class FactoryDeployment
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    /// <summary>Gives the factory once it is in a block.</summary>
    public static async Task<Outcome<DeployedFactory>> DeployAsync(
        EthereumRpcClient rpc, EthereumPrivateKey key, TimeSpan patience, CancellationToken cancellationToken)
    {
        var code = ReadCode();
        if (!(await rpc.ChainIdAsync(cancellationToken).ConfigureAwait(false)).TryGet(out var chainId, out var error))
            return error;
        if (!(await rpc.TransactionCountAsync(key.Address, pending: true, cancellationToken).ConfigureAwait(false)).TryGet(out var nonce, out error))
            return error;
        if (!(await GasFees.ReadAsync(rpc, cancellationToken).ConfigureAwait(false)).TryGet(out var fees, out error))
            return error;
        if (!(await rpc.EstimateGasAsync(key.Address, null, code, cancellationToken).ConfigureAwait(false)).TryGet(out var gas, out error))
            return error with { Text = error.RevertReason ?? error.Text };
        var (hash, raw) = key.Sign(fees.Transaction(chainId, nonce, gas + (gas / 4), null, code));
        var sent = await rpc.SendRawTransactionAsync(raw, cancellationToken).ConfigureAwait(false);
        if (sent.Problem is { } refused)
            return refused;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            for (; ; await Task.Delay(Poll, limit.Token).ConfigureAwait(false))
            {
                // Errors of the moment are no verdict: the transaction is on its way.
                if (!(await rpc.TransactionReceiptAsync(hash, limit.Token).ConfigureAwait(false)).TryGet(out var receipt, out _) || receipt is null)
                    continue;
                return receipt.Succeeded() && EthereumAddress.TryParse(receipt.ContractAddress, out var factory)
                    ? new DeployedFactory(factory, hash, (ulong)receipt.GasUsed.Value)
                    : new Problem(ProblemKind.Reverted, $"the deployment {hash} was mined but reverted");
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Problem(ProblemKind.Timeout, $"{hash} was not mined within {patience.TotalSeconds:0} s");
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
