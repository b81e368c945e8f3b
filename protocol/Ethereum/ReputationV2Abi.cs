namespace Pbts.Protocol.Ethereum;

/// <summary>What contracts of this project add to <see cref="ReputationAbi"/>; those of the first generation do not have it.</summary>
public static class ReputationV2Abi
{
    /// <summary>2 for contracts of this project, 3 for those with <see cref="AddMembers"/>, 4 for those of <see cref="ReputationV4Abi"/>; a first-generation contract has no such function.</summary>
    public static AbiFunction Version { get; } = new("function VERSION() view returns (uint256)");

    /// <summary>Owner only; a public key of 48 bytes.</summary>
    public static AbiFunction AddUserWithKey { get; } =
        new("function addUserWithKey(string name, string salt, bytes32 passwordHash, uint256 downloaded, uint256 uploaded, bytes publicKey)");

    /// <summary>Owner only, from version 3 on: new users, each with a public key of 48 bytes.</summary>
    public static AbiFunction AddMembers { get; } = new("function addMembers(string[] names, uint256[] downloaded, uint256[] uploaded, bytes[] publicKeys)");

    /// <summary>Owner only; a public key of 48 bytes or none.</summary>
    public static AbiFunction SetUserKey { get; } = new("function setUserKey(string name, bytes publicKey)");

    /// <summary>Owner only; absolute totals.</summary>
    public static AbiFunction UpdateUsers { get; } = new("function updateUsers(string[] names, uint256[] downloaded, uint256[] uploaded)");

    /// <summary>Owner only: takes users over from the nearest referrer that has each; gives how many were.</summary>
    public static AbiFunction MigrateUsers { get; } = new("function migrateUsers(string[] names) returns (uint256)");

    /// <summary>Owner only: ends all writing in favour of a successor.</summary>
    public static AbiFunction Retire { get; } = new("function retire(address successor)");

    /// <summary>Whether a contract has ended.</summary>
    public static AbiFunction Retired { get; } = new("function retired() view returns (bool)");

    /// <summary>The public key of a user held there; empty when none.</summary>
    public static AbiFunction PublicKeyOf { get; } = new("function publicKeyOf(string name) view returns (bytes)");

    /// <summary>A user from here or the nearest referrer: record, public key, holder, hops.</summary>
    public static AbiFunction ResolveUser { get; } =
        new("function resolveUser(string name) view returns ((string, string, bytes32, uint256, uint256), bytes, address, uint256)");

    /// <summary>A user was added; topic 1 is the hash of its name.</summary>
    public static AbiEvent UserAdded { get; } = new("event UserAdded(bytes32 indexed user, string name, uint256 downloaded, uint256 uploaded)");

    /// <summary>A user has new totals; topic 1 is the hash of its name.</summary>
    public static AbiEvent UserUpdated { get; } = new("event UserUpdated(bytes32 indexed user, uint256 downloaded, uint256 uploaded)");

    /// <summary>A user has another public key, or none; topic 1 is the hash of its name.</summary>
    public static AbiEvent UserKeyChanged { get; } = new("event UserKeyChanged(bytes32 indexed user, bytes publicKey)");

    /// <summary>The contract has ended; topic 1 is its successor.</summary>
    public static AbiEvent RetiredFor { get; } = new("event Retired(address indexed successor)");

    /// <summary>A user was taken over; topic 1 is the hash of its name, topic 2 whom it was taken from.</summary>
    public static AbiEvent UserMigrated { get; } =
        new("event UserMigrated(bytes32 indexed user, address indexed source, string name, uint256 downloaded, uint256 uploaded)");

    /// <summary>A user was left where it is; topic 1 is the hash of its name.</summary>
    public static AbiEvent UserNotMigrated { get; } = new("event UserNotMigrated(bytes32 indexed user, string reason)");

    /// <summary>Most users in one <see cref="UpdateUsers"/> or <see cref="MigrateUsers"/>.</summary>
    public const int MaxBatch = 256;

    /// <summary>The longest user name and the longest salt, in bytes of UTF-8.</summary>
    public const int MaxStringBytes = 256;
}
