using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Pbts.Protocol.Torrents;

/// <summary>SHA-1, because BEP 3 prescribes it for pieces and the info dictionary. Receipts use SHA-256.</summary>
public static class TorrentHash
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 20;

    /// <summary>The hash of a piece or an info dictionary.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "The BitTorrent format fixes the algorithm.")]
    public static byte[] Of(ReadOnlySpan<byte> data) => SHA1.HashData(data);

    /// <summary>Whether the data has this hash.</summary>
    public static bool Matches(ReadOnlySpan<byte> data, ReadOnlySpan<byte> hash) => Of(data).AsSpan().SequenceEqual(hash);
}
