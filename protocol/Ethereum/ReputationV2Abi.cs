namespace Pbts.Protocol.Ethereum;

/// <summary>What contracts of this project add to <see cref="ReputationAbi"/>; those of the first generation do not have it.</summary>
public static class ReputationV2Abi
{
    /// <summary>2 for contracts of this project; a first-generation contract has no such function.</summary>
    public static AbiFunction Version { get; } = new("VERSION()", "(uint256)");

    /// <summary>Owner only: name, salt, password hash, download and upload totals, 48-byte public key.</summary>
    public static AbiFunction AddUserWithKey { get; } = new("addUserWithKey(string,string,bytes32,uint256,uint256,bytes)");

    /// <summary>Owner only: name, 48-byte public key or none.</summary>
    public static AbiFunction SetUserKey { get; } = new("setUserKey(string,bytes)");

    /// <summary>Owner only: names, absolute download totals, absolute upload totals.</summary>
    public static AbiFunction UpdateUsers { get; } = new("updateUsers(string[],uint256[],uint256[])");

    /// <summary>Owner only: takes users over from the nearest referrer that has each; gives how many were.</summary>
    public static AbiFunction MigrateUsers { get; } = new("migrateUsers(string[])", "(uint256)");

    /// <summary>Owner only: ends all writing in favour of a successor.</summary>
    public static AbiFunction Retire { get; } = new("retire(address)");

    /// <summary>Whether a contract has ended.</summary>
    public static AbiFunction Retired { get; } = new("retired()", "(bool)");

    /// <summary>The public key of a user held there; empty when none.</summary>
    public static AbiFunction PublicKeyOf { get; } = new("publicKeyOf(string)", "(bytes)");

    /// <summary>A user from here or the nearest referrer: record, public key, holder, hops.</summary>
    public static AbiFunction ResolveUser { get; } = new("resolveUser(string)", "((string,string,bytes32,uint256,uint256),bytes,address,uint256)");

    /// <summary>A user was added; data: name, download and upload totals.</summary>
    public static AbiEvent UserAdded { get; } = new("UserAdded(bytes32,string,uint256,uint256)", "(string,uint256,uint256)");

    /// <summary>A user was taken over; data: name, download and upload totals.</summary>
    public static AbiEvent UserMigrated { get; } = new("UserMigrated(bytes32,address,string,uint256,uint256)", "(string,uint256,uint256)");

    /// <summary>A user was left where it is; topic 1 is the hash of its name, data the reason.</summary>
    public static AbiEvent UserNotMigrated { get; } = new("UserNotMigrated(bytes32,string)", "(string)");

    /// <summary>Most users in one <see cref="UpdateUsers"/> or <see cref="MigrateUsers"/>.</summary>
    public const int MaxBatch = 256;

    /// <summary>The longest user name and the longest salt, in bytes of UTF-8.</summary>
    public const int MaxStringBytes = 256;
}
