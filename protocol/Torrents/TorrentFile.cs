namespace Pbts.Protocol.Torrents;

/// <summary>One file of a torrent.</summary>
/// <param name="Path">Relative path with <c>/</c> between its parts; never empty, absolute or leading upwards.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Offset">Where the file begins in the torrent's bytes.</param>
public sealed record TorrentFile(string Path, long Length, long Offset);
