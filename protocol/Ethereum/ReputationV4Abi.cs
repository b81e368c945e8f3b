namespace Pbts.Protocol.Ethereum;

/// <summary>What contracts from version 4 on add: roots of the members' totals, and members taken over by proof.</summary>
public static class ReputationV4Abi
{
    /// <summary>Owner only: keeps a root, whose sequence must be one more than the last one's.</summary>
    public static AbiFunction Anchor { get; } = new("function anchor(bytes32 root, uint64 up, uint64 down, uint32 members, uint64 sequence)");

    /// <summary>Sequence of the newest root; 0 when there is none.</summary>
    public static AbiFunction AnchorSequence { get; } = new("function anchorSequence() view returns (uint64)");

    /// <summary>A root that is kept: one of the last <see cref="KeptRoots"/>, else zero.</summary>
    public static AbiFunction RootAt { get; } = new("function rootAt(uint64 sequence) view returns (bytes32)");

    /// <summary>Takes a member over by proof against a root of the immediate referrer; 48 bytes of the path a level.</summary>
    public static AbiFunction ClaimUser { get; } = new(
        "function claimUser(string name, bytes32 passwordHash, bytes16 salt, bytes publicKey, uint64 up, uint64 down, uint64 sequence, uint32 index, bytes path)");

    /// <summary>A root was anchored; topic 1 is its sequence.</summary>
    public static AbiEvent Anchored { get; } = new("event Anchored(uint64 indexed sequence, bytes32 root, uint64 up, uint64 down, uint32 members)");

    /// <summary>Roots that a contract keeps.</summary>
    public const int KeptRoots = 24;
}
