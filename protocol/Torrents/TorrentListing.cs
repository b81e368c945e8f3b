using System.Security.Cryptography;
using Pbts.Protocol.Bencode;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Torrents;

/// <summary>What a tracker keeps of a torrent that is registered with it: sizes, and nothing of its content.</summary>
/// <param name="InfoHash">As it is announced: SHA-1 of the info dictionary, or of a version 2 torrent (BEP 52) the first 20 bytes of its SHA-256.</param>
/// <param name="Name">Suggested name.</param>
/// <param name="Bytes">Bytes in all; of version 1 with its padding, which is transferred as well.</param>
/// <param name="PieceLength">Bytes of every piece but the last.</param>
/// <param name="Pieces">Pieces of version 1; 0 where there are none.</param>
/// <param name="IsPrivate">BEP 27.</param>
public sealed record TorrentListing(InfoHash InfoHash, string Name, long Bytes, long PieceLength, long Pieces, bool IsPrivate)
{
    /// <summary>Longest torrent file that is read.</summary>
    public const int MaxFile = 10 << 20;

    private const int MaxFiles = 100_000;
    private const long MaxTotalLength = 1L << 48;

    /// <summary>Reads a torrent file: one listing for each infohash it is announced under, two for a hybrid.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="listings">At least one, when <c>true</c>.</param>
    /// <param name="error">What is wrong, naming the field.</param>
    public static bool TryRead(ReadOnlyMemory<byte> file, out IReadOnlyList<TorrentListing> listings, out string error)
    {
        listings = [];
        var problem = BencodeDocument.TryParse(file, BencodeLimits.Torrent, out var document);
        if (problem != BencodeError.None)
            return Fail($"not a torrent: {problem}", out error);
        if (!document!.Root.TryGet("info"u8, out var info) || info.Kind != BencodeKind.Dictionary)
            return Fail("info: missing", out error);
        var isVersion2 = info.TryGetNumber("meta version"u8, out var version);
        if (isVersion2 && version != 2)
            return Fail("info.meta version: must be 2", out error);

        var found = new List<TorrentListing>();
        if (!isVersion2 || info.TryGet("pieces"u8, out _))
        {
            if (!TorrentMetadata.TryParse(file, out var torrent, out error))
                return false;
            found.Add(new(torrent.InfoHash, torrent.Name, torrent.TotalLength, torrent.PieceLength, torrent.PieceCount, torrent.IsPrivate));
        }

        if (isVersion2)
        {
            if (!TryReadVersion2(info, out var listing, out error))
                return false;
            found.Add(listing!);
        }

        listings = found;
        error = "";
        return true;
    }

    private static bool TryReadVersion2(BencodeElement info, out TorrentListing? listing, out string error)
    {
        listing = null;
        if (!info.TryGetNumber("piece length"u8, out var pieceLength) || pieceLength is < 16384 or > TorrentMetadata.MaxPieceLength || (pieceLength & (pieceLength - 1)) != 0)
            return Fail($"info.piece length: must be a power of two from 16384 to {TorrentMetadata.MaxPieceLength}", out error);
        if (!info.TryGetBytes("name"u8, out var nameBytes) || !TorrentMetadata.TryPart(nameBytes, out var name))
            return Fail("info.name: must be one path part", out error);
        if (!info.TryGet("file tree"u8, out var tree) || tree.Kind != BencodeKind.Dictionary)
            return Fail("info.file tree: missing", out error);
        var (files, bytes) = (0, 0L);
        if (!TryAdd(tree, ref files, ref bytes) || bytes == 0)
            return Fail("info.file tree: empty, too large or no tree of files", out error);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(info.Encoded.Span, hash);
        listing = new(InfoHash.From(hash[..InfoHash.Length]), name, bytes, pieceLength, 0, info.TryGetNumber("private"u8, out var flag) && flag == 1);
        error = "";
        return true;
    }

    /// <summary>Adds the lengths of a folder's files. Its depth is bounded by that of bencoding.</summary>
    private static bool TryAdd(BencodeElement folder, ref int files, ref long bytes)
    {
        foreach (var (name, item) in folder.Entries())
        {
            if (item.Kind != BencodeKind.Dictionary)
                return false;
            if (!name.IsEmpty)
            {
                if (!TryAdd(item, ref files, ref bytes))
                    return false;
                continue;
            }

            // An empty name is the file itself.
            if (++files > MaxFiles || !item.TryGetNumber("length"u8, out var length) || length < 0 || length > MaxTotalLength - bytes)
                return false;
            bytes += length;
        }

        return true;
    }

    private static bool Fail(string text, out string error)
    {
        error = text;
        return false;
    }
}
