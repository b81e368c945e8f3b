using Pbts.Api.Http;
using Pbts.GrainInterfaces.Issuers;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Vouchers;

namespace Pbts.Api.Passports;

/// <summary>Body of <c>PUT /issuers/{name}</c>. What is left out stays as it is; null takes away what may be absent.</summary>
/// <param name="Address">Who signs its passports; of a contract, its owner, which is read from the chain where it is left out.</param>
/// <param name="Contract">The Reputation contract by which it is known; left out: by its address alone.</param>
/// <param name="ChainId">The contract's chain.</param>
/// <param name="Instance">The tracker's instance id, as its <c>/health</c> gives it; left out: that of the first passport that counts.</param>
/// <param name="Weight">Per cent of what it says that counts, 0 to 100.</param>
/// <param name="Cap">Most bytes given that count of one member; what was taken is cut in the same proportion.</param>
/// <param name="LeastAgeDays">Days that somebody must have been its member.</param>
/// <param name="ValidFrom">Unix seconds from which it is believed.</param>
/// <param name="ValidUntil">Unix seconds from which it is believed no more.</param>
internal sealed record IssuerRequest(
    string? Address = null, string? Contract = null, long? ChainId = null, string? Instance = null, int? Weight = null, long? Cap = null, int? LeastAgeDays = null, DateTimeOffset? ValidFrom = null,
    DateTimeOffset? ValidUntil = null) : IBody<IssuerRequest>
{
    private const int MostDays = 36_500;

    private static readonly string[] Clearable = ["contract", "instance", "cap", "valid_from", "valid_until"];

    private HashSet<string> _cleared = [];

    public static IssuerRequest Read(JsonFields fields)
    {
        var (address, contract, instance) = (AddressOf(fields, "address"), AddressOf(fields, "contract"), fields.OptionalText("instance"));
        if (instance is not null && !InstanceId.TryParse(instance, out _))
            fields.Wrong("instance", "must be 64 hexadecimal digits", instance);
        return new(
            address, contract, (long?)fields.OptionalUnsigned("chain_id", long.MaxValue, 1), instance?.ToLowerInvariant(), (int?)fields.OptionalUnsigned("weight", 100),
            (long?)fields.OptionalUnsigned("cap", long.MaxValue), (int?)fields.OptionalUnsigned("least_age_days", MostDays), fields.OptionalTime("valid_from"), fields.OptionalTime("valid_until"))
        { _cleared = [.. Clearable.Where(fields.IsNull)] };
    }

    /// <summary>The issuer as it shall be; or what is wrong with it.</summary>
    public (Issuer? Issuer, string? Fault) ApplyTo(string name, Issuer? before)
    {
        var contract = Kept("contract", Contract, before?.Contract);
        var issuer = new Issuer
        {
            Name = name,
            // Another contract may have another owner.
            Address = Address ?? (contract == before?.Contract ? before?.Address : null) ?? "",
            Contract = contract,
            ChainId = contract is null ? null : ChainId ?? before?.ChainId,
            Instance = Kept("instance", Instance, before?.Instance),
            Weight = Weight ?? before?.Weight ?? -1,
            Cap = _cleared.Contains("cap") ? null : Cap ?? before?.Cap,
            LeastAge = LeastAgeDays ?? before?.LeastAge ?? 0,
            ValidFrom = _cleared.Contains("valid_from") ? null : ValidFrom ?? before?.ValidFrom,
            ValidUntil = _cleared.Contains("valid_until") ? null : ValidUntil ?? before?.ValidUntil,
        };
        return issuer switch
        {
            { Weight: < 0 } => (null, "weight is missing"),
            { Contract: null, Address: "" } => (null, "address is missing: who signs the issuer's passports"),
            { Contract: null } when ChainId is not null => (null, "chain_id goes with contract"),
            { Contract: not null, ChainId: null } => (null, "chain_id is missing: the chain that the contract is on"),
            _ when issuer.ValidUntil <= issuer.ValidFrom => (null, "valid_until must be later than valid_from"),
            _ => (issuer, null),
        };
    }

    private string? Kept(string field, string? said, string? before) => _cleared.Contains(field) ? null : said ?? before;

    private static string? AddressOf(JsonFields fields, string name) =>
        fields.OptionalText(name) is not { } text ? null
        : EthereumAddress.TryParse(text, out var address) && !address.IsZero ? address.ToString() : fields.Wrong(name, "must be an address: 0x and 40 hexadecimal digits, with the right checksum where their case is mixed", text);
}

/// <summary>An issuer. Times in Unix seconds.</summary>
/// <param name="Kind"><c>contract</c> or <c>signer</c>: by what it is known.</param>
/// <param name="Imports">Members here who brought something from it.</param>
internal sealed record IssuerAnswer(
    string Name, string Kind, string Address, string? Contract, long? ChainId, string? Instance, int Weight, long? Cap, int LeastAgeDays, double? ValidFrom, double? ValidUntil, long Imports)
{
    public static IssuerAnswer Of(Issuer issuer) => new(
        issuer.Name, issuer.Contract is null ? "signer" : "contract", issuer.Address, issuer.Contract, issuer.ChainId, issuer.Instance, issuer.Weight, issuer.Cap, issuer.LeastAge,
        issuer.ValidFrom?.ToUnixTimeMilliseconds() / 1000.0, issuer.ValidUntil?.ToUnixTimeMilliseconds() / 1000.0, issuer.Imports);
}

/// <summary>Answer to <c>GET /issuers</c>, by name.</summary>
internal sealed record IssuersAnswer(bool Success, IReadOnlyList<IssuerAnswer> Issuers);

/// <summary>Answer to <c>PUT /issuers/{name}</c>.</summary>
internal sealed record IssuerSetAnswer(bool Success, IssuerAnswer Issuer);

/// <summary>Answer to <c>DELETE /issuers/{name}</c>.</summary>
internal sealed record IssuerRemovedAnswer(bool Success, string Name);
