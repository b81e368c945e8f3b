using System.Text;
using System.Text.Json;
using Pbts.Api.Http;
using Pbts.Protocol.Ethereum;

namespace Pbts.Api.Chain;

/// <summary>Body of <c>POST /contract/init</c>, which may be absent.</summary>
/// <param name="ReferrerAddress">The contract before, if there was one.</param>
internal sealed record ContractInitRequest(string? ReferrerAddress = null) : IBody<ContractInitRequest>
{
    public static bool MayBeAbsent => true;

    public static ContractInitRequest Read(JsonFields fields) => new(fields.OptionalText("referrer_address"));
}

/// <summary>Body of <c>POST /contract/register</c>. Sizes in bytes.</summary>
/// <param name="PasswordHash">1 to 64 hexadecimal digits, with or without 0x.</param>
internal sealed record ContractRegisterRequest(string Username, HexBytes PasswordHash, string Salt = "", ulong DownloadSize = 0, ulong UploadSize = 0) : IBody<ContractRegisterRequest>
{
    public static ContractRegisterRequest Read(JsonFields fields)
    {
        if (!fields.Has("username") || !fields.Has("password_hash"))
            fields.Refuse("Missing username or password_hash");
        var (username, text, salt) = (ReadName(fields, "username"), fields.Text("password_hash"), Limited(fields, "salt", fields.OptionalString("salt") ?? ""));
        var (down, up) = (fields.OptionalUnsigned("download_size") ?? 0, fields.OptionalUnsigned("upload_size") ?? 0);
        // One optional 0x, then up to 64 digits, read as a number: shorter ones are padded on the left.
        var hash = new byte[32];
        var digits = text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text;
        if (digits.Length is < 1 or > 64 || Convert.FromHexString(digits.PadLeft(64, '0'), hash, out _, out _) != System.Buffers.OperationStatus.Done)
            fields.Wrong("password_hash", "must be 1 to 64 hexadecimal digits, with or without 0x", 0);
        return new(username, new(hash), salt, down, up);
    }

    /// <summary>A name that a contract of this project would keep.</summary>
    public static string ReadName(JsonFields fields, string name) => Limited(fields, name, fields.Text(name));

    private static string Limited(JsonFields fields, string name, string text) =>
        Encoding.UTF8.GetByteCount(text) <= ReputationV2Abi.MaxStringBytes ? text : fields.Wrong(name, $"is too long: at most {ReputationV2Abi.MaxStringBytes} bytes", "");
}

/// <summary>Body of <c>POST /contract/update</c>. Sizes in bytes.</summary>
internal sealed record ContractUpdateRequest(string Username, ulong DownloadSize = 0, ulong UploadSize = 0) : IBody<ContractUpdateRequest>
{
    public static ContractUpdateRequest Read(JsonFields fields) => new(
        ContractMigrateRequest.Read(fields).Username, fields.OptionalUnsigned("download_size") ?? 0, fields.OptionalUnsigned("upload_size") ?? 0);
}

/// <summary>Body of <c>POST /contract/migrate</c>.</summary>
internal sealed record ContractMigrateRequest(string Username) : IBody<ContractMigrateRequest>
{
    public static ContractMigrateRequest Read(JsonFields fields)
    {
        if (!fields.Has("username"))
            fields.Refuse("Missing username");
        return new(ContractRegisterRequest.ReadName(fields, "username"));
    }
}

/// <summary>Body of <c>POST /migrations</c>.</summary>
/// <param name="ReferrerAddress">The contract before, from which users move.</param>
/// <param name="BatchSize">Users in one transaction.</param>
/// <param name="RetireReferrer">Whether that contract ends in favour of the new one when all have moved.</param>
/// <param name="Method">records, or anchor: by the root that contract anchored. Left out: anchor where it has one and everybody moves.</param>
/// <param name="Claims">By anchor: lazy (whoever brings a proof) or all (a transaction for everybody; where this tracker anchored the root). Left out: lazy.</param>
internal sealed record MigrationStartRequest(string ReferrerAddress, int BatchSize = 100, bool RetireReferrer = false, string? Method = null, string? Claims = null) : IBody<MigrationStartRequest>
{
    private const int MaxListedUsers = 100_000;

    public static int Most => JsonBody.Large;

    /// <summary>Names of users; null, or the text <c>all</c>: everybody.</summary>
    public IReadOnlyList<string>? Users { get; private init; }

    public static MigrationStartRequest Read(JsonFields fields) =>
        new(fields.Text("referrer_address"), (int)(fields.OptionalUnsigned("batch_size", ReputationV2Abi.MaxBatch, 1) ?? 100), fields.OptionalBoolean("retire_referrer") ?? false,
            fields.OptionalText("method"), fields.OptionalText("claims")) { Users = ReadUsers(fields) };

    private static List<string>? ReadUsers(JsonFields fields)
    {
        if (!fields.Has("users") || fields.IsText("users"))
        {
            if (fields.Has("users") && fields.Text("users") != "all")
                fields.Wrong("users", "must be \"all\" or an array of user names", 0);
            return null;
        }

        var names = new List<string>();
        foreach (var item in fields.OptionalArray("users", MaxListedUsers))
        {
            if (UserName(item) is { } name)
                names.Add(name);
            else
                fields.Wrong("users", "has an element that is no user name", 0);
        }

        if (names.Count == 0)
            fields.Wrong("users", "is empty", 0);
        return names;
    }

    /// <summary>Null when a contract cannot have it as a name.</summary>
    private static string? UserName(JsonElement item)
    {
        try
        {
            return item.ValueKind == JsonValueKind.String && item.GetString() is { Length: > 0 } name && !name.Contains('\0', StringComparison.Ordinal)
                && Encoding.UTF8.GetByteCount(name) <= ReputationV2Abi.MaxStringBytes ? name : null;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair.
            return null;
        }
    }
}
