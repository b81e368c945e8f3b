namespace Pbts.Grains.Ledger;

/// <summary>Which limit leaves less credit than was signed for, as it is said to the reporter and in the metrics.</summary>
internal static class VoucherReason
{
    public const string ReceiverLimit = "receiver_limit";
    public const string TorrentLimit = "torrent_limit";

    /// <summary>Of a whole voucher: its status says the same.</summary>
    public const string TooFast = "too_fast";

    public static readonly string[] All = [ReceiverLimit, TorrentLimit, TooFast];
}
