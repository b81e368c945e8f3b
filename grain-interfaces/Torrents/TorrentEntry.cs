namespace Pbts.GrainInterfaces.Torrents;

/// <summary>A registered torrent.</summary>
/// <param name="InfoHash">40 lower-case hexadecimal digits, as it is announced.</param>
/// <param name="Name">Suggested name.</param>
/// <param name="Bytes">Bytes in all.</param>
/// <param name="PieceLength">Bytes of every piece but the last.</param>
/// <param name="Pieces">Pieces of version 1; 0 where there are none.</param>
/// <param name="IsPrivate">Whether peers come from its tracker only.</param>
/// <param name="Publisher">The member who registered it; null for the administration.</param>
/// <param name="PublishedAt">When.</param>
[GenerateSerializer, Immutable, Alias("pbts.TorrentEntry")]
public sealed record TorrentEntry(
    [property: Id(0)] string InfoHash, [property: Id(1)] string Name, [property: Id(2)] long Bytes, [property: Id(3)] long PieceLength, [property: Id(4)] long Pieces,
    [property: Id(5)] bool IsPrivate, [property: Id(6)] string? Publisher = null, [property: Id(7)] DateTimeOffset PublishedAt = default);
