using System.Numerics;
using Nethereum.Hex.HexConvertors.Extensions;
using Nethereum.RPC.Eth.DTOs;
using Pbts.Protocol.Ethereum;

namespace Pbts.Protocol.Proofs;

/// <summary>
/// Asks a node whether the contract that a proof names has anchored its root. Whether that is the contract of the tracker one
/// means is for the caller to know: anybody can make one and anchor anything in it.
/// </summary>
public static class AnchorCheck
{
    /// <summary>What the node found, or what does not hold; a problem when it does not answer.</summary>
    public static async Task<Outcome<(AnchorFinding? Finding, ProofFault? Fault)>> RunAsync(EthereumRpcClient rpc, MemberProof proof, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rpc);
        ArgumentNullException.ThrowIfNull(proof);
        if (!(await rpc.ChainIdAsync(cancellationToken).ConfigureAwait(false)).TryGet(out var chain, out var error))
            return error;
        if (chain != proof.ChainId)
            return Fault(ProofStep.Chain, $"the node is on chain {chain}, the proof on chain_id {proof.ChainId}");
        if (!(await rpc.TransactionReceiptAsync(proof.TxHash, cancellationToken).ConfigureAwait(false)).TryGet(out var receipt, out error) && error is not null)
            return error;
        if (receipt is null)
            return Fault(ProofStep.Transaction, $"tx_hash {proof.TxHash} is no transaction on this chain");
        if (receipt.Status.Value != 1)
            return Fault(ProofStep.Transaction, "tx_hash is a transaction that failed");
        if (receipt.BlockNumber.Value != proof.Block)
            return Fault(ProofStep.Transaction, $"tx_hash is in block {receipt.BlockNumber.Value}, not in block {proof.Block}");
        if (!receipt.Logs.Any(log => IsAnchor(log, proof)))
            return Fault(ProofStep.Anchor, $"the contract {proof.Contract} has not anchored this root, with these totals, members and sequence, in tx_hash");
        if (!(await rpc.CallAsync(null, proof.Contract, ReputationV4Abi.RootAt.EncodeCall((BigInteger)proof.Sequence), null, cancellationToken).ConfigureAwait(false)).TryGet(out var data, out error))
            return error;
        var kept = ReputationV4Abi.RootAt.TryDecodeResult(data, out var values) && values is [byte[] root] && root.AsSpan().SequenceEqual(proof.Root.ToHash());
        if (!(await rpc.BlockAsync(proof.Block, cancellationToken).ConfigureAwait(false)).TryGet(out var block, out error))
            return error;
        return (new AnchorFinding(DateTimeOffset.FromUnixTimeSeconds((long)block.Timestamp.Value), kept), null);
    }

    private static Outcome<(AnchorFinding?, ProofFault?)> Fault(ProofStep step, string message) => (null, new ProofFault(step, message));

    private static bool IsAnchor(FilterLog log, MemberProof proof) =>
        ReputationV4Abi.Anchored.TryDecode(log, proof.Contract, out var values)
        && new BigInteger(((string)log.Topics[1]).HexToByteArray(), isUnsigned: true, isBigEndian: true) == proof.Sequence
        && values is [byte[] root, BigInteger up, BigInteger down, BigInteger members]
        && root.AsSpan().SequenceEqual(proof.Root.ToHash()) && up == proof.Root.Up && down == proof.Root.Down && members == proof.Members;
}
