using System.Numerics;
using Nethereum.Hex.HexConvertors.Extensions;
using Nethereum.Model;

namespace Pbts.Protocol.Ethereum;

/// <summary>What a unit of gas is offered, in wei. Without a tip the chain has no EIP-1559, and transactions are legacy ones.</summary>
/// <param name="MaxFee">The most that is paid for a unit of gas; the price of it on a legacy chain.</param>
/// <param name="Tip">What the block's maker gets of it.</param>
/// <param name="BlockGasLimit">The most gas one block holds.</param>
public sealed record GasFees(BigInteger MaxFee, BigInteger? Tip, ulong BlockGasLimit)
{
    private static readonly BigInteger Gwei = 1_000_000_000;

    /// <summary>Asks the node for today's fees.</summary>
    public static async Task<Outcome<GasFees>> ReadAsync(EthereumRpcClient rpc, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rpc);
        if (!(await rpc.LatestBlockAsync(cancellationToken).ConfigureAwait(false)).TryGet(out var block, out var error))
            return new(error);
        if (block.BaseFeePerGas is { } baseFee)
        {
            var asked = await rpc.MaxPriorityFeeAsync(cancellationToken).ConfigureAwait(false);
            // The method is optional; a gwei is the customary tip where nobody says otherwise.
            var tip = asked.TryGet(out var suggested, out error) ? suggested : Gwei;
            // Twice the base fee stays valid through six full blocks in a row.
            return error is { IsTransient: true } ? new(error) : new(new GasFees((2 * baseFee.Value) + tip, tip, (ulong)block.GasLimit.Value));
        }
        return (await rpc.GasPriceAsync(cancellationToken).ConfigureAwait(false)).TryGet(out var price, out error)
            ? new(new GasFees(price, null, (ulong)block.GasLimit.Value))
            : new(error);
    }

    /// <summary>
    /// Fees for replacing a transaction that offered <paramref name="lastMaxFee"/> and <paramref name="lastTip"/>: today's, and
    /// by at least an eighth more than before, because nodes refuse a replacement that raises either part by less than a tenth.
    /// </summary>
    public GasFees Replacing(BigInteger lastMaxFee, BigInteger? lastTip)
    {
        var maxFee = BigInteger.Max(MaxFee, Raise(lastMaxFee));
        BigInteger? tip = Tip is { } now && lastTip is { } before ? BigInteger.Max(now, Raise(before)) : null;
        return this with { MaxFee = tip is { } t ? BigInteger.Max(maxFee, t) : maxFee, Tip = tip };
    }

    /// <summary>Keeps the offer under a limit; null when that is below <paramref name="atLeast"/> wei.</summary>
    public GasFees? Within(int maxFeeGwei, BigInteger atLeast)
    {
        var limit = maxFeeGwei * Gwei;
        if (atLeast > limit)
            return null;
        var maxFee = BigInteger.Min(MaxFee, limit);
        return this with { MaxFee = maxFee, Tip = Tip is { } tip ? BigInteger.Min(tip, maxFee) : null };
    }

    /// <summary>The unsigned transaction that offers these fees, EIP-1559 or legacy; <paramref name="to"/> is null to create a contract.</summary>
    public ISignedTransaction Transaction(ulong chainId, ulong nonce, ulong gasLimit, EthereumAddress? to, byte[] data)
    {
        var (receiver, hex) = (to?.ToString(), data.ToHex(prefix: true));
        return Tip is { } tip
            ? new Transaction1559(chainId, nonce, tip, MaxFee, gasLimit, receiver, BigInteger.Zero, hex, [])
            : new LegacyTransactionChainId(receiver, BigInteger.Zero, nonce, MaxFee, gasLimit, hex, chainId);
    }

    private static BigInteger Raise(BigInteger fee) => (fee * 9 / 8) + 1;
}
