namespace Pbts.Protocol.Ethereum;

/// <summary>The reference's contract interface: Reputation and ReputationFactory.</summary>
public static class ReputationAbi
{
    private const string UserTuple = "string,string,bytes32,uint256,uint256";

    /// <summary>Factory: deploys a Reputation owned by the caller, returns its address.</summary>
    public static AbiFunction CreateReputation { get; } = new("createReputation(address,bytes)", "(address)");

    /// <summary>Factory event; nothing indexed: new address, owner, referrer, attestation.</summary>
    public static AbiEvent ReputationCreated { get; } = new("ReputationCreated(address,address,address,bytes)", "(address,address,address,bytes)");

    /// <summary>Name, salt, password hash, download and upload totals; all zero when absent.</summary>
    public static AbiFunction GetUserData { get; } = new("getUserData(string)", $"(({UserTuple}))");

    /// <summary>The public getter: the same five values, not wrapped in a tuple.</summary>
    public static AbiFunction AllUsers { get; } = new("allUsers(string)", $"({UserTuple})");

    /// <summary>Owner only: name, salt, password hash, download and upload totals.</summary>
    public static AbiFunction AddUser { get; } = new($"addUser({UserTuple})");

    /// <summary>Owner only: name, absolute download and upload totals.</summary>
    public static AbiFunction UpdateUser { get; } = new("updateUser(string,uint256,uint256)");

    /// <summary>Copies a user from the referrer.</summary>
    public static AbiFunction MigrateUserData { get; } = new("migrateUserData(string)");

    /// <summary>Owner only.</summary>
    public static AbiFunction SetOffchainDataUrl { get; } = new("setOffchainDataUrl(string)");

    /// <summary>The off-chain data URL.</summary>
    public static AbiFunction GetOffchainDataUrl { get; } = new("getOffchainDataUrl()", "(string)");

    /// <summary>Getter of the same field.</summary>
    public static AbiFunction OffchainDataUrl { get; } = new("offchainDataUrl()", "(string)");

    /// <summary>The account that may write.</summary>
    public static AbiFunction Owner { get; } = new("owner()", "(address)");

    /// <summary>The contract this one continues; zero when none.</summary>
    public static AbiFunction ReferrerReputation { get; } = new("referrerReputation()", "(address)");
}
