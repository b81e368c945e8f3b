namespace Pbts.Protocol.Vouchers;

/// <summary>When a receiver signs, and how far a sender goes without a signature.</summary>
public static class VoucherPolicy
{
    private const long Mebibyte = 1 << 20;

    /// <summary>How long verified bytes stay unsigned at most.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    /// <summary>After how long the same bytes are signed anew before they are sent again: senders take no voucher that is older than 10 minutes.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromMinutes(5);

    /// <summary>Unsigned bytes that make a voucher due: a quarter of what is signed, at least 1 MiB or a piece, at most 16 MiB.</summary>
    public static long Step(long signedBytes, int pieceLength) => Math.Clamp(signedBytes / 4, Math.Max(Mebibyte, pieceLength), Math.Max(16 * Mebibyte, pieceLength));

    /// <summary>Bytes that a peer may have beyond what it has signed for: 2 MiB or two pieces, and a byte more for each that it has signed, up to 64 MiB.</summary>
    public static long Credit(long signedBytes, int pieceLength) => Math.Max(2 * Mebibyte, 2L * pieceLength) + Math.Min(signedBytes, 64 * Mebibyte);
}
