namespace Pbts.Protocol.Ethereum;

/// <summary>One event log of a mined transaction.</summary>
/// <param name="Address">The contract that emitted it.</param>
/// <param name="Topics">Up to four topics in <c>0x</c> notation, lower case.</param>
/// <param name="Data">The fields that are not indexed.</param>
public sealed record EthereumLog(EthereumAddress Address, IReadOnlyList<string> Topics, byte[] Data);
