using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pbts.GrainInterfaces.Chain;

namespace Pbts.Api.Contract;

/// <summary>Answer of <c>GET /contract/status</c>.</summary>
internal sealed record StatusAnswer(
    [property: JsonPropertyName("configured")] bool Configured,
    [property: JsonPropertyName("connected")] bool Connected,
    [property: JsonPropertyName("rpc_url")] string? RpcUrl,
    [property: JsonPropertyName("account_address")] string? AccountAddress,
    [property: JsonPropertyName("factory_address")] string? FactoryAddress,
    [property: JsonPropertyName("reputation_address")] string? ReputationAddress,
    [property: JsonPropertyName("chain_id")] string? ChainId,
    [property: JsonPropertyName("referrers")] IReadOnlyList<string> Referrers,
    [property: JsonPropertyName("pending_transactions")] int Pending,
    [property: JsonPropertyName("problem")] string? Problem,
    [property: JsonPropertyName("sync_gas_used")] long SyncGasUsed,
    [property: JsonPropertyName("sync_gas_per_day")] long SyncGasPerDay,
    [property: JsonPropertyName("sync_paused_since")] DateTimeOffset? SyncPausedSince,
    [property: JsonPropertyName("members_waiting")] int MembersWaiting)
{
    public static StatusAnswer From(ContractStatus status) => new(
        status.Configured, status.Connected, status.RpcUrl, status.AccountAddress, status.FactoryAddress, status.ReputationAddress,
        status.ChainId, status.Referrers, status.Pending, status.Problem,
        status.SyncGasUsed, status.SyncGasPerDay, status.SyncPausedSince, status.SyncWaiting);
}

/// <summary>Answer of <c>POST /contract/members/{name}/approve</c>, <c>/link</c> and <c>/revoke</c>.</summary>
internal sealed record MemberStandingAnswer(
    [property: JsonPropertyName("success")] bool Success,
    [property: JsonPropertyName("username")] string Username);

/// <summary>A user of the contract; sizes are JSON integers of any length.</summary>
internal sealed record ContractUserAnswer(
    [property: JsonPropertyName("username")] string Username,
    [property: JsonPropertyName("salt")] string Salt,
    [property: JsonPropertyName("passwordHash")] string PasswordHash,
    [property: JsonPropertyName("downloadSize")] JsonElement DownloadSize,
    [property: JsonPropertyName("uploadSize")] JsonElement UploadSize,
    [property: JsonPropertyName("ratio")] double? Ratio,
    [property: JsonPropertyName("ratio_infinite")] bool RatioInfinite,
    [property: JsonPropertyName("publicKey")] string? PublicKey)
{
    public static ContractUserAnswer From(ContractUser user)
    {
        var (down, up) = (BigInteger.Parse(user.DownloadSize, null), BigInteger.Parse(user.UploadSize, null));
        double? ratio = down.IsZero ? (up.IsZero ? 1.0 : null) : (double)up / (double)down;
        return new(user.Username, user.Salt, user.PasswordHash, Number(user.DownloadSize), Number(user.UploadSize), ratio, ratio is null, user.PublicKey);
    }

    private static JsonElement Number(string digits)
    {
        using var document = JsonDocument.Parse(digits);
        return document.RootElement.Clone();
    }
}

/// <summary>Answer of <c>GET /contract/user/{name}</c>.</summary>
internal sealed record UserFoundAnswer(
    [property: JsonPropertyName("success")] bool Success,
    [property: JsonPropertyName("user")] ContractUserAnswer User,
    [property: JsonPropertyName("contract_address")] string ContractAddress);

/// <summary>A transaction as it stands; what a write answers, and <c>GET /contract/tx/{hash}</c>.</summary>
internal sealed record TransactionAnswer
{
    [JsonPropertyName("success")] public bool Success { get; init; } = true;

    /// <summary>Names the transaction for good, also before it has a hash.</summary>
    [JsonPropertyName("tx")] public required Guid Tx { get; init; }

    [JsonPropertyName("tx_hash")] public string? TxHash { get; init; }

    [JsonPropertyName("state")] public required string State { get; init; }

    [JsonPropertyName("message"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Message { get; init; }

    [JsonPropertyName("error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Error { get; init; }

    [JsonPropertyName("warning"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Warning { get; init; }

    [JsonPropertyName("kind"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Kind { get; init; }

    [JsonPropertyName("subject"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Subject { get; init; }

    [JsonPropertyName("username"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Username { get; init; }

    [JsonPropertyName("download_size"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public ulong? DownloadSize { get; init; }

    [JsonPropertyName("upload_size"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public ulong? UploadSize { get; init; }

    [JsonPropertyName("reputation_address"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? ReputationAddress { get; init; }

    [JsonPropertyName("referrer_address"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? ReferrerAddress { get; init; }

    [JsonPropertyName("block_number"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public long? BlockNumber { get; init; }

    [JsonPropertyName("gas_used"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public long? GasUsed { get; init; }

    public static TransactionAnswer From(ChainTransaction transaction) => new()
    {
        Tx = transaction.Id,
        TxHash = transaction.Hash,
        State = StateName(transaction),
        BlockNumber = transaction.BlockNumber,
        GasUsed = transaction.GasUsed,
        ReputationAddress = transaction.ContractAddress,
    };

    private static string StateName(ChainTransaction transaction) => transaction switch
    {
        { State: ChainTransactionState.Failed } => "failed",
        { Succeeded: false } => "reverted",
        { State: ChainTransactionState.Queued } => "queued",
        { State: ChainTransactionState.Sent } => "sent",
        { State: ChainTransactionState.Mined } => "mined",
        _ => "confirmed",
    };
}
