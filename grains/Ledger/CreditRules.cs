using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Users;
using Pbts.Hosting.Configuration;
using Pbts.Protocol;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Ledger;

/// <summary>How much may be credited: what the settings say, in one place.</summary>
internal sealed class CreditRules(IOptions<ReceiptsOptions> receipts, IOptions<TrackerOptions> tracker, IOptions<MembersOptions> members, IOptions<TorrentsOptions> torrents, IOptions<RatioOptions> ratio)
{
    /// <summary>Seconds that a session may be shorter than it says: clocks differ.</summary>
    public const long RateGrace = 60;

    /// <summary>Sessions that every receiver may begin.</summary>
    public const long SessionsAtFirst = 1000;

    /// <summary>Bytes for which it may begin another.</summary>
    public const long BytesOfSession = 256 << 10;

    private readonly ReceiptsOptions _receipts = receipts.Value;

    /// <summary>Whether it is what is proven that a site counts.</summary>
    public bool CreditsProven { get; } = EnumText.Parse<RatioBasis>(ratio.Value.Basis) == RatioBasis.Proven;

    /// <summary>Seconds a voucher is accepted after it was signed.</summary>
    public long VoucherWindow => _receipts.VoucherWindow;

    /// <summary>Bytes that the receiver may still be debited, by what it may owe.</summary>
    public long RoomOf(Account receiver)
    {
        if (tracker.Value.MinRatio <= 0)
            return long.MaxValue;
        var trust = members.Value.TrustOf(receiver.Origin, receiver.Trust);
        var limit = CreditLimit.Add(CreditLimit.Of(CreditLimit.Add(receiver.Uploaded, receiver.BelievedUploaded), trust, tracker.Value.MinRatio, tracker.Value.InitCredit), _receipts.ReceiverSlack);
        return Math.Max(0, limit - CreditLimit.Add(receiver.Downloaded, receiver.BelievedDownloaded));
    }

    /// <summary>Most bytes of a registered torrent that one receiver may be debited, by all senders together.</summary>
    public long MostOf(RegisteredTorrent torrent) => Saturate(torrent.Bytes * torrents.Value.MaxDownloadFactor);

    /// <summary>
    /// Most sessions that are kept for a receiver. They are kept for ever and signing for a byte costs next to nothing, so what
    /// it was debited has to be worth their place.
    /// </summary>
    public static long MostSessionsOf(Account receiver) => SessionsAtFirst + (receiver.Downloaded / BytesOfSession);

    /// <summary>Most bytes of so many seconds.</summary>
    public long MostIn(long seconds) => Saturate(_receipts.MaxRate * (double)seconds);

    /// <summary>What a receipt is worth: nobody signs its size, so the one who reports it has no say.</summary>
    /// <returns>Null with the outcome when it is worth nothing.</returns>
    public long? WorthOf(LedgerEntry receipt, RegisteredTorrent? torrent, out LedgerOutcome outcome)
    {
        outcome = LedgerOutcome.Credited;
        if (torrent is { Pieces: > 0 })
        {
            if (receipt.PieceIndex < torrent.Pieces)
                return Math.Min(torrent.PieceLength, torrent.Bytes - (receipt.PieceIndex * torrent.PieceLength));
            outcome = LedgerOutcome.NoSuchPiece;
            return null;
        }

        switch (_receipts.Unregistered)
        {
            case ReceiptsOptions.Claimed:
                return receipt.Claimed;
            case ReceiptsOptions.Fixed:
                return Receipt.DefaultPieceSize;
            default:
                outcome = LedgerOutcome.Unregistered;
                return null;
        }
    }

    private static long Saturate(double bytes) => bytes >= long.MaxValue ? long.MaxValue : (long)bytes;
}
