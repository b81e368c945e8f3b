using System.Numerics;

namespace Pbts.Protocol.Ethereum;

/// <summary>The part of a block header that is used here.</summary>
/// <param name="Number">Height.</param>
/// <param name="Hash">Hash in <c>0x</c> notation.</param>
/// <param name="BaseFeePerGas">Wei burnt for a unit of gas (EIP-1559); null on chains without it.</param>
/// <param name="GasLimit">The most gas one block holds.</param>
public sealed record BlockHeader(ulong Number, string Hash, BigInteger? BaseFeePerGas, ulong GasLimit);
