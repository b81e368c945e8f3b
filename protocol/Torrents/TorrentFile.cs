namespace Pbts.Protocol.Torrents;

/// <summary>One file of a torrent.</summary>
/// <param name="Path">Relative path with <c>/</c> between its parts; never empty, absolute or leading upwards.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Offset">Where the file begins in the torrent's bytes.</param>
/// <param name="IsPadding">Whether it is zeros that only move the next file to the beginning of a piece (BEP 47): not kept on disk, and its path is nobody's.</param>
public sealed record TorrentFile(string Path, long Length, long Offset, bool IsPadding = false);
