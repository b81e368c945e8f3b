using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Sync;

/// <summary>A member whose totals the contract should hear of.</summary>
/// <param name="Username">The member.</param>
/// <param name="Key">Its proven key.</param>
/// <param name="Uploaded">Bytes.</param>
/// <param name="Downloaded">Bytes.</param>
/// <param name="Alone">A batch with it was refused.</param>
/// <param name="TakeoverTried">It was once to be taken over from a referrer.</param>
/// <param name="Vouched">It may be added where it is not known.</param>
/// <param name="Linked">The operator says that the record of its name is its own.</param>
internal sealed record SyncMember(
    string Username, byte[] Key, long Uploaded, long Downloaded, bool Alone = false, bool TakeoverTried = false, bool Vouched = false, bool Linked = false);

/// <summary>What a contract is to be told about a member.</summary>
/// <param name="Username">The member.</param>
/// <param name="Uploaded">Bytes.</param>
/// <param name="Downloaded">Bytes.</param>
/// <param name="Key">The member's key that the record has then; null when the record is not the member's.</param>
internal sealed record SyncEntry(string Username, long Uploaded, long Downloaded, byte[]? Key);
