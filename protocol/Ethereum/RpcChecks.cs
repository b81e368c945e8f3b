using System.Numerics;
using Nethereum.Hex.HexConvertors.Extensions;
using Nethereum.Hex.HexTypes;
using Nethereum.RPC.Eth.DTOs;

namespace Pbts.Protocol.Ethereum;

/// <summary>
/// Nethereum fills its types with what it finds and reads numbers when they are asked for. These checks make sure that what
/// is used later is there and readable; they throw when it is not.
/// </summary>
internal static class RpcChecks
{
    /// <summary>A number of at most 256 bits.</summary>
    public static BigInteger Quantity(HexBigInteger? value) =>
        value is { HexValue.Length: > 2 and <= 66 } && value.HexValue.IsHex() ? value.Value : throw new FormatException("Not a quantity.");

    /// <summary>A number of transactions: no account will ever have sent 2^48.</summary>
    public static ulong Count(HexBigInteger? value) => Quantity(value) is var count && count < 1L << 48 ? (ulong)count : throw new FormatException("Not a count.");

    public static byte[] Bytes(string? text) =>
        text is not null && text.Length % 2 == 0 && text.HasHexPrefix() && text.IsHex() ? text.HexToByteArray() : throw new FormatException("Not a byte string.");

    public static string Hash(string? text) => Bytes(text).Length == 32 ? text! : throw new FormatException("Not a hash.");

    public static BlockWithTransactionHashes Block(BlockWithTransactionHashes? block)
    {
        ArgumentNullException.ThrowIfNull(block);
        Number(block.Number);
        Number(block.GasLimit);
        Hash(block.BlockHash);
        if (block.BaseFeePerGas is not null)
            Quantity(block.BaseFeePerGas);
        return block;
    }

    public static TransactionReceipt? Receipt(TransactionReceipt? receipt)
    {
        if (receipt is null)
            return null;
        Hash(receipt.TransactionHash);
        Hash(receipt.BlockHash);
        Number(receipt.BlockNumber);
        Number(receipt.GasUsed);
        if (Number(receipt.Status) > 1)
            throw new FormatException("Not a status.");
        if (receipt.EffectiveGasPrice is not null)
            Quantity(receipt.EffectiveGasPrice);
        Logs(receipt.Logs);
        return receipt;
    }

    public static FilterLog[] Logs(FilterLog[]? logs)
    {
        ArgumentNullException.ThrowIfNull(logs);
        foreach (var log in logs)
        {
            if (!EthereumAddress.TryParse(log.Address, out _) || log.Topics is null or { Length: > 4 })
                throw new FormatException("Not a log.");
            Bytes(log.Data);
            foreach (var topic in log.Topics)
                Hash(topic as string);
        }
        return logs;
    }

    /// <summary>A number that fits into 63 bits, as heights and gas do.</summary>
    private static long Number(HexBigInteger? value) => (long)Quantity(value);
}
