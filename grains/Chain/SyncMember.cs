using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain;

/// <summary>A member whose totals the contract should hear of.</summary>
internal sealed record SyncMember(string Username, byte[] Key, long Uploaded, long Downloaded, bool Alone, byte[]? ToldKey, bool TakeoverTried);

/// <summary>What a contract is to be told about a member.</summary>
/// <param name="Username">The member.</param>
/// <param name="Uploaded">Bytes.</param>
/// <param name="Downloaded">Bytes.</param>
/// <param name="Key">The member's key that the record has then; null when the record is not the member's.</param>
internal sealed record SyncEntry(string Username, long Uploaded, long Downloaded, byte[]? Key);
