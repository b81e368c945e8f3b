namespace Pbts.Protocol.Ethereum;

/// <summary>One entry of an EIP-2930 access list.</summary>
/// <param name="Address">The contract that will be touched.</param>
/// <param name="StorageKeys">Its 32-byte storage keys.</param>
public sealed record AccessListEntry(EthereumAddress Address, IReadOnlyList<byte[]> StorageKeys);
