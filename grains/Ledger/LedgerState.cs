using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Grains.Ledger;

/// <summary>What is on record about everything that some entries touch, read while the members' rows are locked.</summary>
internal sealed class LedgerState
{
    /// <summary>The database's time, in Unix seconds.</summary>
    public required long Now { get; init; }

    /// <summary>First and last epoch whose receipts count.</summary>
    public required (long Oldest, long Newest) Epochs { get; init; }

    public required Dictionary<long, Account> Members { get; init; }

    public HashSet<(long Epoch, ReceiptId Id)> Spent { get; } = [];

    public Dictionary<VoucherId, VoucherSession> Sessions { get; } = [];

    public Dictionary<InfoHash, RegisteredTorrent> Torrents { get; } = [];

    /// <summary>Bytes of registered torrents that receivers have been debited.</summary>
    public Dictionary<(long Receiver, InfoHash Torrent), long> Debits { get; } = [];

    public Totals? TotalsOf(long member) => Members.TryGetValue(member, out var account) ? new Totals(account.Uploaded, account.Downloaded) : null;
}

/// <summary>A member's totals, as they become.</summary>
internal sealed class Account
{
    public required long Uploaded { get; set; }

    public required long Downloaded { get; set; }

    /// <summary>What counts of what it gave at other trackers, for its own limit alone.</summary>
    public long BelievedUploaded { get; init; }

    /// <summary>The same of what it took there.</summary>
    public long BelievedDownloaded { get; init; }

    public required string Origin { get; init; }

    /// <summary>What the operator has set; null: as for others of the origin.</summary>
    public double? Trust { get; init; }

    /// <summary>The hour since 1970 of <see cref="Debited"/>.</summary>
    public long DebitHour { get; set; }

    public long Debited { get; set; }

    public long DebitedBefore { get; set; }

    /// <summary>Sessions on record in which it is the receiver.</summary>
    public long Sessions { get; set; }

    public bool Changed { get; set; }
}

/// <summary>A session on record.</summary>
/// <param name="Bytes">What its newest voucher says.</param>
/// <param name="Credited">What of it has been credited.</param>
/// <param name="SignedAt">When its newest voucher was signed.</param>
internal readonly record struct VoucherSession(long Bytes, long Credited, long Opened, long SignedAt);

/// <summary>What the tracker has read of a torrent itself.</summary>
/// <param name="Pieces">0 when it has no pieces of v1.</param>
internal sealed record RegisteredTorrent(long Bytes, long PieceLength, long Pieces);
