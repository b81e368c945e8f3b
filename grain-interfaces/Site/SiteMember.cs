namespace Pbts.GrainInterfaces.Site;

/// <summary>A member as its site sees it. Bytes.</summary>
[GenerateSerializer, Immutable, Alias("pbts.SiteMember")]
public sealed record SiteMember
{
    [Id(0)]
    public required string UserId { get; init; }

    [Id(1)]
    public required string Passkey { get; init; }

    /// <summary>Its group's number; null: none.</summary>
    [Id(2)]
    public long? GroupId { get; init; }

    /// <summary>Why it may not announce; null: it may.</summary>
    [Id(3)]
    public string? Disabled { get; init; }

    [Id(4)]
    public bool CanDownload { get; init; }

    /// <summary>Flags of the site's own, given back as they were.</summary>
    [Id(5)]
    public bool IsDonor { get; init; }

    [Id(6)]
    public bool IsLifetime { get; init; }

    /// <summary>Until when nothing of its downloads is credited; null: not now.</summary>
    [Id(7)]
    public DateTimeOffset? FreeleechUntil { get; init; }

    /// <summary>With factors, and with the baseline.</summary>
    [Id(8)]
    public long CreditedUploaded { get; init; }

    [Id(9)]
    public long CreditedDownloaded { get; init; }

    /// <summary>Brought from another system.</summary>
    [Id(10)]
    public long BaselineUploaded { get; init; }

    [Id(11)]
    public long BaselineDownloaded { get; init; }

    /// <summary>What receipts and vouchers prove.</summary>
    [Id(12)]
    public long Uploaded { get; init; }

    [Id(13)]
    public long Downloaded { get; init; }

    /// <summary>Torrents it seeds and leeches now.</summary>
    [Id(14)]
    public int Seeding { get; init; }

    [Id(15)]
    public int Leeching { get; init; }

    /// <summary>Whether it has a key, which it has proved.</summary>
    [Id(16)]
    public bool IsProven { get; init; }
}
