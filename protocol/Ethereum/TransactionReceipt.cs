using System.Numerics;

namespace Pbts.Protocol.Ethereum;

/// <summary>What became of a mined transaction.</summary>
/// <param name="TransactionHash">Its hash.</param>
/// <param name="Succeeded">False when it was mined but reverted.</param>
/// <param name="BlockNumber">Height of its block.</param>
/// <param name="BlockHash">Hash of its block; another one later means a reorganisation.</param>
/// <param name="GasUsed">Gas burnt.</param>
/// <param name="EffectiveGasPrice">Wei paid for a unit of gas.</param>
/// <param name="ContractAddress">The contract it created, if it created one.</param>
/// <param name="Logs">Its events.</param>
public sealed record TransactionReceipt(
    string TransactionHash, bool Succeeded, ulong BlockNumber, string BlockHash, ulong GasUsed, BigInteger EffectiveGasPrice,
    EthereumAddress? ContractAddress, IReadOnlyList<EthereumLog> Logs);
