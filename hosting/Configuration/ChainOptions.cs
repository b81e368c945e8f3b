using Microsoft.Extensions.Options;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Hosting.Configuration;

/// <summary>The Ethereum node, the signing key and how carefully the chain is written to. Section <c>Chain</c>.</summary>
public sealed class ChainOptions
{
    public const string Section = "Chain";

    /// <summary>JSON-RPC URL of the node; empty: no chain. May hold an access key, so it is never logged or shown whole. <c>RPC</c>.</summary>
    public string Rpc { get; set; } = "http://127.0.0.1:8545";

    /// <summary>The funded signing key, 64 hex digits; empty: read only. Needed where grains run, never shown. <c>PK0</c>.</summary>
    public string PrivateKey { get; set; } = "";

    /// <summary>Address of the ReputationFactory; empty: no new contracts. <c>FACTORY</c>.</summary>
    public string Factory { get; set; } = "";

    /// <summary>A contract to adopt when none is on record yet. <c>REPUTATION_ADDRESS</c>.</summary>
    public string ReputationAddress { get; set; } = "";

    /// <summary>Blocks, its own included, after which a transaction is final; before that a reorganisation brings it back.</summary>
    public int Confirmations { get; set; } = 6;

    /// <summary>Milliseconds between looks at the chain while something is outstanding.</summary>
    public int PollMilliseconds { get; set; } = 1000;

    /// <summary>Seconds a contract request waits for its transaction to be mined unless the caller says otherwise.</summary>
    public int WaitSeconds { get; set; } = 30;

    /// <summary>Seconds without being mined after which a transaction is sent again with a higher fee.</summary>
    public int StuckSeconds { get; set; } = 60;

    /// <summary>Seconds after which an unmined transaction is handed to the node again, in case it forgot it.</summary>
    public int ResendSeconds { get; set; } = 15;

    /// <summary>Most transactions sent and not yet mined.</summary>
    public int MaxInFlight { get; set; } = 64;

    /// <summary>Most that is ever paid for a unit of gas, in gwei; above it transactions wait.</summary>
    public int MaxFeeGwei { get; set; } = 500;

    /// <summary>Gas allowed above the estimate, in percent.</summary>
    public int GasMarginPercent { get; set; } = 25;

    /// <summary>Seconds the node may take to answer one call.</summary>
    public int RpcTimeoutSeconds { get; set; } = 10;

    /// <summary>Blocks asked about in one log query.</summary>
    public int LogRange { get; set; } = 2000;

    /// <summary>What the contract is told: <c>anchor</c>, <c>members</c> or <c>both</c>, see <see cref="ChainSync"/>.</summary>
    public string Sync { get; set; } = "anchor";

    /// <summary>Time between roots of all members' totals; zero: only when the administration asks.</summary>
    public TimeSpan AnchorInterval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Seconds between writes of the members' totals to the active contract; 0: never.</summary>
    public int SyncSeconds { get; set; } = 300;

    /// <summary>Bytes a member's totals must have grown by, together, before they are written again.</summary>
    public long SyncThreshold { get; set; } = 1L << 20;

    /// <summary>Members that the contract does not know are added to it by the sync, when somebody vouches for them.</summary>
    public bool SyncAddsMembers { get; set; } = true;

    /// <summary>
    /// Members who are vouched for themselves and have each signed for <see cref="SyncThreshold"/> bytes, before a member is
    /// added that the operator has not approved; 0: every member with a proven key is added.
    /// </summary>
    public int SyncMinReceivers { get; set; } = 3;

    /// <summary>Most gas that the sync burns in any 24 hours; then it waits. 0: no limit.</summary>
    public long SyncGasPerDay { get; set; } = 20_000_000;

    /// <summary>What <see cref="Sync"/> says.</summary>
    public ChainSync ParseSync() => EnumText.Parse<ChainSync>(Sync);
}

/// <summary>Refuses to start on chain settings that cannot work; what it says never repeats the key or the node's URL.</summary>
public sealed class ChainOptionsValidator : IValidateOptions<ChainOptions>
{
    public ValidateOptionsResult Validate(string? name, ChainOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var errors = new List<string>();
        Check(options.Rpc.Length == 0 || (Uri.TryCreate(options.Rpc, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"),
            "RPC (Chain:Rpc) must be an http or https URL.");
        Check(options.PrivateKey.Length == 0 || EthereumPrivateKey.TryParse(options.PrivateKey, out _),
            "PK0 (Chain:PrivateKey) is not a secp256k1 private key of 64 hex digits.");
        Check(options.Factory.Length == 0 || EthereumAddress.TryParse(options.Factory, out _), "FACTORY (Chain:Factory) is not an address.");
        Check(options.ReputationAddress.Length == 0 || EthereumAddress.TryParse(options.ReputationAddress, out _),
            "REPUTATION_ADDRESS (Chain:ReputationAddress) is not an address.");
        Check(options.Confirmations is >= 1 and <= 1000, $"Chain:Confirmations is {options.Confirmations}: it must be 1 to 1000 blocks.");
        Check(options.PollMilliseconds is >= 20 and <= 600_000, $"Chain:PollMilliseconds is {options.PollMilliseconds}: it must be 20 to 600000.");
        Check(options.WaitSeconds is >= 0 and <= 120, $"Chain:WaitSeconds is {options.WaitSeconds}: it must be 0 to 120.");
        Check(options.StuckSeconds >= 1, $"Chain:StuckSeconds is {options.StuckSeconds}: it must be positive.");
        Check(options.ResendSeconds >= 1, $"Chain:ResendSeconds is {options.ResendSeconds}: it must be positive.");
        Check(options.MaxInFlight is >= 1 and <= 1000, $"Chain:MaxInFlight is {options.MaxInFlight}: it must be 1 to 1000.");
        Check(options.MaxFeeGwei >= 1, $"Chain:MaxFeeGwei is {options.MaxFeeGwei}: it must be positive.");
        Check(options.GasMarginPercent is >= 0 and <= 400, $"Chain:GasMarginPercent is {options.GasMarginPercent}: it must be 0 to 400.");
        Check(options.RpcTimeoutSeconds is >= 1 and <= 120, $"Chain:RpcTimeoutSeconds is {options.RpcTimeoutSeconds}: it must be 1 to 120.");
        Check(options.LogRange is >= 1 and <= 1_000_000, $"Chain:LogRange is {options.LogRange}: it must be 1 to 1000000 blocks.");
        Check(EnumText.TryParse<ChainSync>(options.Sync, out _), $"Chain:Sync is \"{options.Sync}\": it must be anchor, members or both.");
        Check(options.AnchorInterval == TimeSpan.Zero || (options.AnchorInterval >= TimeSpan.FromSeconds(1) && options.AnchorInterval <= TimeSpan.FromDays(30)),
            $"Chain:AnchorInterval is {options.AnchorInterval}: it must be 0 (never) or 00:00:01 to 30.00:00:00.");
        Check(options.SyncSeconds >= 0, $"Chain:SyncSeconds is {options.SyncSeconds}: it must be 0 or more.");
        Check(options.SyncThreshold >= 1, $"Chain:SyncThreshold is {options.SyncThreshold}: it must be positive.");
        Check(options.SyncMinReceivers is >= 0 and <= 1000, $"Chain:SyncMinReceivers is {options.SyncMinReceivers}: it must be 0 to 1000.");
        // Below that a single member with a long name might never fit.
        Check(options.SyncGasPerDay is 0 or (>= 1_000_000 and <= 1_000_000_000_000_000),
            $"Chain:SyncGasPerDay is {options.SyncGasPerDay}: it must be 0 (no limit) or 1000000 to 1000000000000000.");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Check(bool ok, string error)
        {
            if (!ok)
                errors.Add(error);
        }
    }
}
