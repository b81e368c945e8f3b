namespace Pbts.GrainInterfaces.Site;

/// <summary>What one member did with one torrent. Bytes, by its clients' word.</summary>
[GenerateSerializer, Immutable, Alias("pbts.HistoryEntry")]
public sealed record HistoryEntry
{
    [Id(0)]
    public required string UserId { get; init; }

    /// <summary>40 lower-case hexadecimal digits.</summary>
    [Id(1)]
    public required string InfoHash { get; init; }

    /// <summary>What was believed of the clients' counters.</summary>
    [Id(2)]
    public long Uploaded { get; init; }

    [Id(3)]
    public long Downloaded { get; init; }

    /// <summary>With the factors that held.</summary>
    [Id(4)]
    public long CreditedUploaded { get; init; }

    [Id(5)]
    public long CreditedDownloaded { get; init; }

    /// <summary>The client's own counters as it said them last.</summary>
    [Id(6)]
    public long ClientUploaded { get; init; }

    [Id(7)]
    public long ClientDownloaded { get; init; }

    /// <summary>Seconds.</summary>
    [Id(8)]
    public long SeedTime { get; init; }

    [Id(9)]
    public DateTimeOffset? CompletedAt { get; init; }

    [Id(10)]
    public DateTimeOffset LastSeen { get; init; }

    /// <summary>The first eight bytes of the peer id, as far as they can be printed.</summary>
    [Id(11)]
    public string Client { get; init; } = "";

    /// <summary>Whether it had everything when it was seen last.</summary>
    [Id(12)]
    public bool IsSeeder { get; init; }

    /// <summary>Whether it was in the swarm when it was seen last: it has said no good-bye.</summary>
    [Id(13)]
    public bool IsActive { get; init; }

    /// <summary>The site's number for the torrent, where it has one.</summary>
    [Id(14)]
    public long? TorrentId { get; init; }

    /// <summary>When it was seen first.</summary>
    [Id(15)]
    public DateTimeOffset FirstSeen { get; init; }
}
