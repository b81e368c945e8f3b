using System.Diagnostics.CodeAnalysis;
using System.Text;
using Pbts.Protocol.Bencode;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Torrents;

/// <summary>What a <c>.torrent</c> file says (BEP 3, version 1; BEP 12 tiers; BEP 27 private flag; BEP 47 padding).</summary>
public sealed record TorrentMetadata
{
    /// <summary>Longest piece accepted: 64 MiB.</summary>
    public const int MaxPieceLength = 64 << 20;

    private const int MaxFiles = 100_000;
    private const int MaxTrackers = 32;

    /// <summary>Longest part of a path that file systems take, in bytes of UTF-8.</summary>
    private const int MaxPartLength = 255;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>256 TiB: keeps every sum and product far from overflow.</summary>
    private const long MaxTotalLength = 1L << 48;

    /// <summary>SHA-1 of the info dictionary as it stands in the file.</summary>
    public required InfoHash InfoHash { get; init; }

    /// <summary>Suggested name of the file or folder.</summary>
    public required string Name { get; init; }

    /// <summary>Bytes of every piece but the last.</summary>
    public required int PieceLength { get; init; }

    /// <summary>Bytes in all.</summary>
    public required long TotalLength { get; init; }

    /// <summary>The files, in order; paths begin with <see cref="Name"/>.</summary>
    public required IReadOnlyList<TorrentFile> Files { get; init; }

    /// <summary>Whether peers may come from the torrent's tracker only.</summary>
    public required bool IsPrivate { get; init; }

    /// <summary>Announce URLs, best first.</summary>
    public IReadOnlyList<string> Trackers => [.. Tiers.SelectMany(tier => tier)];

    /// <summary>The same in their tiers (BEP 12): those of one tier stand in for each other. Without <c>announce-list</c> the one tracker.</summary>
    public required IReadOnlyList<IReadOnlyList<string>> Tiers { get; init; }

    /// <summary>SHA-1 hashes of all pieces, 20 bytes each.</summary>
    public required ReadOnlyMemory<byte> PieceHashes { get; init; }

    /// <summary>Number of pieces.</summary>
    public int PieceCount => PieceHashes.Length / 20;

    /// <summary>The SHA-1 a piece must have.</summary>
    public ReadOnlyMemory<byte> PieceHash(int index) => PieceHashes.Slice(index * 20, 20);

    /// <summary>Bytes of a piece; the last may be shorter.</summary>
    public int PieceSize(int index) => (int)Math.Min(PieceLength, TotalLength - (long)index * PieceLength);

    /// <summary>Reads a torrent file.</summary>
    /// <param name="source">The whole file.</param>
    /// <param name="torrent">The result.</param>
    /// <param name="error">What is wrong, naming the field.</param>
    public static bool TryParse(ReadOnlyMemory<byte> source, [NotNullWhen(true)] out TorrentMetadata? torrent, out string error)
    {
        torrent = null;
        var problem = BencodeDocument.TryParse(source, BencodeLimits.Torrent, out var document);
        if (problem != BencodeError.None)
            return Fail($"not a torrent: {problem}", out error);
        var root = document!.Root;
        if (!root.TryGet("info"u8, out var info) || info.Kind != BencodeKind.Dictionary)
            return Fail("info: missing", out error);
        if (!info.TryGetNumber("piece length"u8, out var pieceLength) || pieceLength is < 1 or > MaxPieceLength)
            return Fail($"info.piece length: must be 1 to {MaxPieceLength}", out error);
        if (!info.TryGetBytes("pieces"u8, out var pieces) || pieces.Length == 0 || pieces.Length % 20 != 0)
            return Fail("info.pieces: must be a multiple of 20 bytes", out error);
        // Older programs wrote names in the code page of their machine, and beside it what was meant.
        if (!(info.TryGetBytes("name.utf-8"u8, out var nameBytes) || info.TryGetBytes("name"u8, out nameBytes)) || !TryPart(nameBytes, out var name))
            return Fail($"info.name: must be one path part of at most {MaxPartLength} bytes", out error);
        if (!TryFiles(info, name, out var files, out error))
            return false;
        var total = files.Sum(f => f.Length);
        if ((total + pieceLength - 1) / pieceLength != pieces.Length / 20)
            return Fail("info.pieces: does not fit the length", out error);
        torrent = new TorrentMetadata
        {
            InfoHash = InfoHash.From(TorrentHash.Of(info.Encoded.Span)),
            Name = name,
            PieceLength = (int)pieceLength,
            TotalLength = total,
            Files = files,
            IsPrivate = info.TryGetNumber("private"u8, out var flag) && flag == 1,
            Tiers = ReadTiers(root),
            PieceHashes = pieces.ToArray(),
        };
        return true;
    }

    private static bool TryFiles(BencodeElement info, string name, out List<TorrentFile> files, out string error)
    {
        files = [];
        error = "";
        if (info.TryGetNumber("length"u8, out var single))
        {
            files.Add(new TorrentFile(name, single, 0));
            return single is > 0 and <= MaxTotalLength || Fail("info.length: out of range", out error);
        }
        if (!info.TryGet("files"u8, out var list) || list.Kind != BencodeKind.List)
            return Fail("info.files: missing", out error);
        var offset = 0L;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in list.Items())
        {
            if (files.Count == MaxFiles)
                return Fail($"info.files: more than {MaxFiles}", out error);
            if (!item.TryGetNumber("length"u8, out var length) || length < 0 || length > MaxTotalLength - offset)
                return Fail("info.files.length: out of range", out error);
            if (!(item.TryGet("path.utf-8"u8, out var path) || item.TryGet("path"u8, out path)) || !TryPath(path, out var joined))
                return Fail("info.files.path: empty, too long or leading outside", out error);
            var isPadding = item.TryGetBytes("attr"u8, out var attributes) && attributes.Contains((byte)'p');
            if (!isPadding && !seen.Add(joined))
                return Fail($"info.files.path: {joined} is two files", out error);
            files.Add(new TorrentFile($"{name}/{joined}", length, offset, isPadding));
            offset += length;
        }
        return offset > 0 || Fail("info.files: empty", out error);
    }

    private static bool TryPath(BencodeElement path, out string joined)
    {
        var parts = new List<string>();
        joined = "";
        foreach (var item in path.Items())
        {
            if (!item.TryGetBytes(out var bytes) || !TryPart(bytes, out var part))
                return false;
            parts.Add(part);
        }
        joined = string.Join('/', parts);
        return parts.Count > 0;
    }

    /// <summary>A name that stays inside its folder on every system.</summary>
    internal static bool TryPart(ReadOnlySpan<byte> bytes, out string part)
    {
        part = Text(bytes);
        return part is not ("" or "." or "..") && Encoding.UTF8.GetByteCount(part) <= MaxPartLength && part.AsSpan().IndexOfAny('/', '\\', '\0') < 0;
    }

    /// <summary>
    /// Bytes that are not UTF-8 are in a code page that nobody names: each becomes the character of its number (Latin-1), so
    /// that different names stay different.
    /// </summary>
    private static string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(bytes);
        }
    }

    private static List<IReadOnlyList<string>> ReadTiers(BencodeElement root)
    {
        var tiers = new List<IReadOnlyList<string>>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        if (root.TryGet("announce-list"u8, out var list))
            foreach (var tier in list.Items())
                AddTier(tier.Items());
        // Who knows tiers leaves the one tracker out of account; where there is none in the tiers it is all there is.
        if (tiers.Count == 0 && root.TryGet("announce"u8, out var single))
            AddTier([single]);
        return tiers;

        void AddTier(IEnumerable<BencodeElement> items)
        {
            var urls = new List<string>();
            foreach (var item in items)
                if (item.TryGetBytes(out var bytes) && seen.Count < MaxTrackers && Encoding.UTF8.GetString(bytes).Trim() is { Length: > 0 } url && seen.Add(url))
                    urls.Add(url);
            if (urls.Count > 0)
                tiers.Add(urls);
        }
    }

    private static bool Fail(string text, out string error)
    {
        error = text;
        return false;
    }
}
