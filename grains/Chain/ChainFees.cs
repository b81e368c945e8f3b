using System.Numerics;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain;

/// <summary>What a unit of gas is offered, in wei; without a tip the chain has no EIP-1559 and transactions are legacy ones.</summary>
internal sealed record ChainFees(BigInteger MaxFee, BigInteger? Tip, ulong BlockGasLimit)
{
    private static readonly BigInteger Gwei = 1_000_000_000;

    /// <summary>Asks the node for today's fees.</summary>
    public static async Task<RpcResult<ChainFees>> ReadAsync(EthereumRpcClient rpc, CancellationToken cancellationToken)
    {
        if (!(await rpc.LatestBlockAsync(cancellationToken)).TryGet(out var block, out var error)) return new(error);
        if (block.BaseFeePerGas is { } baseFee)
        {
            var asked = await rpc.MaxPriorityFeeAsync(cancellationToken);
            // The method is optional; a gwei is the customary tip where nobody says otherwise.
            var tip = asked.TryGet(out var suggested, out error) ? suggested : Gwei;
            // Twice the base fee stays valid through six full blocks in a row.
            return error is { IsTransient: true } ? new(error) : new(new ChainFees((2 * baseFee) + tip, tip, block.GasLimit));
        }
        return (await rpc.GasPriceAsync(cancellationToken)).TryGet(out var price, out error)
            ? new(new ChainFees(price, null, block.GasLimit))
            : new(error);
    }

    /// <summary>
    /// Fees for replacing <paramref name="last"/>: today's, and by at least an eighth more than before, because nodes
    /// refuse a replacement that raises either part by less than a tenth.
    /// </summary>
    public ChainFees Replacing(OutboxAttempt last)
    {
        var maxFee = BigInteger.Max(MaxFee, Raise(last.MaxFee));
        BigInteger? tip = Tip is { } now && last.Tip is { } before ? BigInteger.Max(now, Raise(before)) : null;
        return this with { MaxFee = tip is { } t ? BigInteger.Max(maxFee, t) : maxFee, Tip = tip };
    }

    /// <summary>Keeps the offer under the operator's limit; null when the chain asks for more than that.</summary>
    public ChainFees? Within(int maxFeeGwei, BigInteger atLeast)
    {
        var limit = maxFeeGwei * Gwei;
        if (atLeast > limit) return null;
        var maxFee = BigInteger.Min(MaxFee, limit);
        return this with { MaxFee = maxFee, Tip = Tip is { } tip ? BigInteger.Min(tip, maxFee) : null };
    }

    private static BigInteger Raise(BigInteger fee) => (fee * 9 / 8) + 1;
}
