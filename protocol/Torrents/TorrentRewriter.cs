using Pbts.Protocol.Bencode;

namespace Pbts.Protocol.Torrents;

/// <summary>Makes a copy of a torrent file that names another tracker and no others; the infohash stays.</summary>
public static class TorrentRewriter
{
    /// <summary>Makes the copy.</summary>
    /// <param name="source">The whole file.</param>
    /// <param name="announceUrl">The tracker it names.</param>
    /// <param name="copy">The copy; empty when there is none.</param>
    /// <param name="error">What is wrong with the file, naming the field.</param>
    public static bool TryRewrite(ReadOnlyMemory<byte> source, string announceUrl, out byte[] copy, out string error)
    {
        copy = [];
        var problem = BencodeDocument.TryParse(source, BencodeLimits.Torrent, out var document);
        error = problem != BencodeError.None ? $"not a torrent: {problem}"
            : !document!.Root.TryGet("info"u8, out var info) || info.Kind != BencodeKind.Dictionary ? "info: missing"
            : "";
        if (error.Length > 0)
            return false;
        var entries = BencodeEntries.Of(document!.Root);
        // Peers from anywhere else would not know the member.
        foreach (var other in new[] { "announce-list", "nodes" })
            entries.Remove(other);
        entries.Set("announce", BencodeValue.Of(announceUrl));
        copy = entries.Encode();
        return true;
    }
}
