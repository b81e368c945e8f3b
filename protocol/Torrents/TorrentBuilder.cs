using Pbts.Protocol.Bencode;

namespace Pbts.Protocol.Torrents;

/// <summary>Makes torrent files.</summary>
public static class TorrentBuilder
{
    /// <summary>Hashes a file or a folder and gives the bytes of its torrent, private (BEP 27), with one tracker.</summary>
    /// <param name="path">File or folder; a folder's files are taken in ordinal order of their paths.</param>
    /// <param name="announceUrl">The tracker.</param>
    /// <param name="pieceLength">Bytes a piece, 1 to <see cref="TorrentMetadata.MaxPieceLength"/>.</param>
    /// <param name="created">Creation time; left out when <c>null</c>, so that equal input gives equal bytes.</param>
    /// <param name="isPrivate">Whether peers come from this tracker only.</param>
    /// <param name="cancellationToken">Stops the hashing.</param>
    /// <exception cref="IOException">A file cannot be read or is none (a device, a pipe), or there is nothing in it.</exception>
    public static async Task<byte[]> CreateAsync(
        string path, string announceUrl, int pieceLength, DateTimeOffset? created = null, bool isPrivate = true, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pieceLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pieceLength, TorrentMetadata.MaxPieceLength);
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var isFolder = Directory.Exists(full);
        var files = isFolder
            ? Directory.EnumerateFiles(full, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToArray()
            : [full];
        var (pieces, lengths) = await HashAsync(files, pieceLength, cancellationToken).ConfigureAwait(false);

        var info = new List<(string, BencodeValue)>
        {
            ("name", BencodeValue.Of(Path.GetFileName(full))),
            ("piece length", BencodeValue.Of(pieceLength)),
            ("pieces", BencodeValue.Of(pieces)),
        };
        if (isPrivate)
            info.Add(("private", BencodeValue.Of(1)));
        info.Add(isFolder
            ? ("files", BencodeValue.List(files.Select((file, i) => BencodeValue.Dictionary(
                ("length", BencodeValue.Of(lengths[i])),
                ("path", BencodeValue.List(Path.GetRelativePath(full, file).Split(Path.DirectorySeparatorChar).Select(BencodeValue.Of)))))))
            : ("length", BencodeValue.Of(lengths[0])));

        var root = new List<(string, BencodeValue)>
        {
            ("announce", BencodeValue.Of(announceUrl)),
            ("created by", BencodeValue.Of("PBTS/0.1.0")),
            ("info", BencodeValue.Dictionary(info)),
        };
        if (created is { } time)
            root.Add(("creation date", BencodeValue.Of(time.ToUnixTimeSeconds())));
        return BencodeValue.Dictionary(root).Encode();
    }

    private static async Task<(byte[] Pieces, long[] Lengths)> HashAsync(string[] files, int pieceLength, CancellationToken cancellationToken)
    {
        var hashes = new List<byte>();
        var lengths = new long[files.Length];
        var piece = new byte[pieceLength];
        var filled = 0;
        for (var i = 0; i < files.Length; i++)
        {
            if (!FileKind.IsRegular(files[i]))
                throw new IOException($"{files[i]}: a device, pipe or socket cannot be shared, only files can");
            using var stream = new FileStream(files[i], FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
            int read;
            while ((read = await stream.ReadAsync(piece.AsMemory(filled), cancellationToken).ConfigureAwait(false)) > 0)
            {
                lengths[i] += read;
                filled += read;
                if (filled == pieceLength)
                {
                    hashes.AddRange(TorrentHash.Of(piece));
                    filled = 0;
                }
            }
        }
        if (filled > 0)
            hashes.AddRange(TorrentHash.Of(piece.AsSpan(0, filled)));
        return hashes.Count > 0 ? ([.. hashes], lengths) : throw new IOException("There are no bytes to share.");
    }
}
