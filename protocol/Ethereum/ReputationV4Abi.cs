namespace Pbts.Protocol.Ethereum;

/// <summary>
/// What contracts of version 4 add to <see cref="ReputationV2Abi"/>: roots over all members' totals, and claims by them. Bytes and
/// rules are in docs/contracts.md.
/// </summary>
public static class ReputationV4Abi
{
    /// <summary>The first version that has all of this.</summary>
    public const int FirstVersion = 4;

    /// <summary>How many roots, the newest, a contract keeps.</summary>
    public const int KeptRoots = 24;

    /// <summary>Owner only: the root of the members' tree, its sums in bytes, how many members, and the latest sequence plus one.</summary>
    public static AbiFunction Anchor { get; } = new("function anchor(bytes32 root, uint64 up, uint64 down, uint32 members, uint64 sequence)");

    /// <summary>The sequence of the latest anchor; 0 before the first.</summary>
    public static AbiFunction AnchorSequence { get; } = new("function anchorSequence() view returns (uint64)");

    /// <summary>The root anchored with a sequence; zero unless it is one of the last <see cref="KeptRoots"/>.</summary>
    public static AbiFunction RootAt { get; } = new("function rootAt(uint64 sequence) view returns (bytes32)");

    /// <summary>
    /// Takes a member over from a root its referrer anchored. Totals in bytes; a salt of 16 bytes, a public key of 48; a path of 48
    /// bytes for each sibling from the leaf up (hash, up, down). By the owner, or by everybody once the referrer has retired in favour
    /// of this contract, then with the password hash of no password.
    /// </summary>
    public static AbiFunction ClaimUser { get; } = new(
        "function claimUser(string name, bytes32 passwordHash, bytes16 salt, bytes publicKey, uint64 up, uint64 down, uint64 sequence, uint32 index, bytes path)");

    /// <summary>A root was anchored; topic 1 is its sequence.</summary>
    public static AbiEvent Anchored { get; } =
        new("event Anchored(uint64 indexed sequence, bytes32 root, uint64 up, uint64 down, uint32 members)");
}
