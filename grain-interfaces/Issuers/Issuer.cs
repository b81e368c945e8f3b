namespace Pbts.GrainInterfaces.Issuers;

/// <summary>A tracker that is believed, and how far.</summary>
[GenerateSerializer, Immutable, Alias("pbts.Issuer")]
public sealed record Issuer
{
    /// <summary>Most issuers.</summary>
    public const int Most = 1000;

    /// <summary>The operator's name for it: 1 to 64 of a-z, 0-9, dot, dash and underscore.</summary>
    [Id(0)]
    public required string Name { get; init; }

    /// <summary>The address that signs its passports; of a contract, its owner.</summary>
    [Id(1)]
    public required string Address { get; init; }

    /// <summary>The Reputation contract by which it is known; null: by its address alone.</summary>
    [Id(2)]
    public string? Contract { get; init; }

    /// <summary>The contract's chain; null without a contract.</summary>
    [Id(3)]
    public long? ChainId { get; init; }

    /// <summary>The tracker's instance id; null: that of the first passport that counts.</summary>
    [Id(4)]
    public string? Instance { get; init; }

    /// <summary>Per cent of what it says that counts, 0 to 100.</summary>
    [Id(5)]
    public required int Weight { get; init; }

    /// <summary>Most bytes given that count of one member; what was taken is cut in the same proportion. Null: no limit.</summary>
    [Id(6)]
    public long? Cap { get; init; }

    /// <summary>Days that somebody must have been its member.</summary>
    [Id(7)]
    public int LeastAge { get; init; }

    [Id(8)]
    public DateTimeOffset? ValidFrom { get; init; }

    [Id(9)]
    public DateTimeOffset? ValidUntil { get; init; }

    /// <summary>Members here who brought something from it, as of this answer.</summary>
    [Id(10)]
    public long Imports { get; init; }
}
