using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain;

/// <summary>A member whose totals the contract should hear of.</summary>
internal sealed record SyncMember(string Username, byte[] Key, long Uploaded, long Downloaded, bool Alone);

/// <summary>What a contract is to be told about a member.</summary>
internal sealed record SyncEntry(string Username, long Uploaded, long Downloaded);
