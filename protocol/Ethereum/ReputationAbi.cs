namespace Pbts.Protocol.Ethereum;

/// <summary>The reference's contract interface: Reputation and ReputationFactory.</summary>
public static class ReputationAbi
{
    /// <summary>Factory: deploys a Reputation owned by the caller, returns its address.</summary>
    public static AbiFunction CreateReputation { get; } = new("function createReputation(address referrer, bytes attestation) returns (address)");

    /// <summary>Factory event; nothing indexed.</summary>
    public static AbiEvent ReputationCreated { get; } = new("event ReputationCreated(address reputation, address owner, address referrer, bytes attestation)");

    /// <summary>Name, salt, password hash, download and upload totals; all zero when absent.</summary>
    public static AbiFunction GetUserData { get; } = new("function getUserData(string name) view returns ((string, string, bytes32, uint256, uint256))");

    /// <summary>The public getter: the same five values, not wrapped in a tuple.</summary>
    public static AbiFunction AllUsers { get; } = new("function allUsers(string name) view returns (string, string, bytes32, uint256, uint256)");

    /// <summary>Owner only.</summary>
    public static AbiFunction AddUser { get; } = new("function addUser(string name, string salt, bytes32 passwordHash, uint256 downloaded, uint256 uploaded)");

    /// <summary>Owner only; absolute totals.</summary>
    public static AbiFunction UpdateUser { get; } = new("function updateUser(string name, uint256 downloaded, uint256 uploaded)");

    /// <summary>Copies a user from the referrer.</summary>
    public static AbiFunction MigrateUserData { get; } = new("function migrateUserData(string name)");

    /// <summary>Owner only.</summary>
    public static AbiFunction SetOffchainDataUrl { get; } = new("function setOffchainDataUrl(string url)");

    /// <summary>The off-chain data URL.</summary>
    public static AbiFunction GetOffchainDataUrl { get; } = new("function getOffchainDataUrl() view returns (string)");

    /// <summary>Getter of the same field.</summary>
    public static AbiFunction OffchainDataUrl { get; } = new("function offchainDataUrl() view returns (string)");

    /// <summary>The account that may write.</summary>
    public static AbiFunction Owner { get; } = new("function owner() view returns (address)");

    /// <summary>The contract this one continues; zero when none.</summary>
    public static AbiFunction ReferrerReputation { get; } = new("function referrerReputation() view returns (address)");
}
