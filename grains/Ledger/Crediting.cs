using Pbts.GrainInterfaces.Ledger;
using Pbts.GrainInterfaces.Users;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Grains.Ledger;

/// <summary>
/// Decides, one entry after another, what becomes of it and of the totals. It only computes: the state was read and what
/// changes is written in one transaction, with the rows of all members concerned locked.
/// </summary>
internal sealed class Crediting(LedgerState state, CreditRules rules)
{
    private const long Hour = 3600;

    /// <summary>Receipts spent, with what they are worth.</summary>
    public List<(LedgerEntry Receipt, long Bytes)> Spent { get; } = [];

    /// <summary>Sessions that begin or rise: the voucher that stands for each now (null: the one on record), and what is credited of it.</summary>
    public Dictionary<VoucherId, (VoucherEntry? Newest, long Bytes, long Credited)> Raised { get; } = [];

    /// <summary>Totals by torrent that rise.</summary>
    public HashSet<(long Receiver, InfoHash Torrent)> Debited { get; } = [];

    /// <summary>Bytes that members gave and got of torrents.</summary>
    public Dictionary<(long Member, InfoHash Torrent), (long Up, long Down)> Moved { get; } = [];

    /// <summary>Bytes signed for and not credited, by the limit.</summary>
    public Dictionary<string, long> Withheld { get; } = [];

    /// <summary>Bytes credited, by receipts and by vouchers.</summary>
    public (long Receipts, long Vouchers) Credited { get; private set; }

    /// <summary>Spends a receipt: wholly or not at all.</summary>
    public LedgerOutcome Spend(LedgerEntry receipt)
    {
        if (state.Spent.Contains((receipt.Epoch, receipt.Id)))
            return LedgerOutcome.Duplicate;
        if (receipt.Epoch < state.Epochs.Oldest)
            return LedgerOutcome.Expired;
        if (receipt.Epoch > state.Epochs.Newest)
            return LedgerOutcome.Future;
        if (rules.WorthOf(receipt, state.Torrents.GetValueOrDefault(receipt.InfoHash), out var outcome) is not { } bytes)
            return outcome;
        if (receipt.Receiver is { } receiver)
        {
            if (Limit(receiver, receipt.InfoHash) is var (room, reason) && room < bytes)
            {
                Withhold(reason, bytes);
                return reason == VoucherReason.TorrentLimit ? LedgerOutcome.TorrentLimit : LedgerOutcome.ReceiverLimit;
            }

            Debit(receiver, receipt.InfoHash, bytes);
        }

        Credit(receipt.Sender, receipt.InfoHash, bytes);
        state.Spent.Add((receipt.Epoch, receipt.Id));
        Spent.Add((receipt, bytes));
        Credited = (CreditLimit.Add(Credited.Receipts, bytes), Credited.Vouchers);
        return LedgerOutcome.Credited;
    }

    /// <summary>Raises a session to its voucher and credits of it what the limits leave.</summary>
    public VoucherOutcome Credit(VoucherEntry entry)
    {
        var voucher = entry.Voucher;
        if (voucher.SignedAt > state.Now + ReceiptFreshness.FutureToleranceSeconds)
            return new(VoucherStatus.Future);
        if (voucher.SignedAt < state.Now - rules.VoucherWindow)
            return new(VoucherStatus.Expired);
        var known = state.Sessions.TryGetValue(entry.Id, out var session);
        if (known && session.Opened != voucher.Opened)
            return new(VoucherStatus.Malformed, Reason: "opened is not that of the session's first voucher");
        if (voucher.Bytes > rules.MostIn(voucher.SignedAt - voucher.Opened + CreditRules.RateGrace))
        {
            Withhold(VoucherReason.TooFast, Math.Max(0, voucher.Bytes - session.Credited));
            return new(VoucherStatus.TooFast, Total: session.Credited);
        }

        var receiver = state.Members[entry.Receiver];
        if (!known && receiver.Sessions >= CreditRules.MostSessionsOf(receiver))
        {
            Withhold(VoucherReason.ReceiverLimit, voucher.Bytes);
            return new(VoucherStatus.Partial, Reason: VoucherReason.ReceiverLimit);
        }

        var newer = voucher.Bytes > session.Bytes;
        var bytes = Math.Max(session.Bytes, voucher.Bytes);
        var wanted = bytes - session.Credited;
        if (wanted == 0)
            return new(VoucherStatus.Duplicate, Total: session.Credited);
        var (room, reason) = Limit(entry.Receiver, voucher.InfoHash);
        var granted = Math.Min(wanted, room);
        if (granted > 0)
        {
            Debit(entry.Receiver, voucher.InfoHash, granted);
            Credit(entry.Sender, voucher.InfoHash, granted);
            Credited = (Credited.Receipts, CreditLimit.Add(Credited.Vouchers, granted));
        }

        if (!known)
        {
            receiver.Sessions++;
            receiver.Changed = true;
        }

        var total = session.Credited + granted;
        if (newer || granted > 0)
        {
            state.Sessions[entry.Id] = new(bytes, total, voucher.Opened, newer ? voucher.SignedAt : session.SignedAt);
            Raised[entry.Id] = (newer ? entry : Raised.GetValueOrDefault(entry.Id).Newest, bytes, total);
        }

        if (granted == wanted)
            return new(VoucherStatus.Accepted, granted, total);
        Withhold(reason, wanted - granted);
        return new(VoucherStatus.Partial, granted, total, reason);
    }

    private void Withhold(string reason, long bytes) => Withheld[reason] = CreditLimit.Add(Withheld.GetValueOrDefault(reason), bytes);

    /// <summary>Bytes that this receiver may be debited for this torrent now, and what bounds them.</summary>
    private (long Room, string Reason) Limit(long receiver, InfoHash torrent)
    {
        var account = state.Members[receiver];
        var room = Math.Min(rules.RoomOf(account), HourRoom(account));
        if (!state.Torrents.TryGetValue(torrent, out var registered))
            return (room, VoucherReason.ReceiverLimit);
        var left = Math.Max(0, rules.MostOf(registered) - state.Debits.GetValueOrDefault((receiver, torrent)));
        return left < room ? (left, VoucherReason.TorrentLimit) : (room, VoucherReason.ReceiverLimit);
    }

    /// <summary>What is left of this hour and the one before, whole: any hour is within two of the clock's. What is over comes later.</summary>
    private long HourRoom(Account account)
    {
        var hour = state.Now / Hour;
        if (account.DebitHour != hour)
        {
            account.DebitedBefore = account.DebitHour == hour - 1 ? account.Debited : 0;
            (account.DebitHour, account.Debited) = (hour, 0);
        }

        return Math.Max(0, rules.MostIn(Hour) - account.DebitedBefore - account.Debited);
    }

    private void Debit(long receiver, InfoHash torrent, long bytes)
    {
        var account = state.Members[receiver];
        account.Downloaded = CreditLimit.Add(account.Downloaded, bytes);
        account.Debited = CreditLimit.Add(account.Debited, bytes);
        account.Changed = true;
        var moved = Moved.GetValueOrDefault((receiver, torrent));
        Moved[(receiver, torrent)] = (moved.Up, CreditLimit.Add(moved.Down, bytes));
        if (!state.Torrents.ContainsKey(torrent))
            return;
        state.Debits[(receiver, torrent)] = CreditLimit.Add(state.Debits.GetValueOrDefault((receiver, torrent)), bytes);
        Debited.Add((receiver, torrent));
    }

    private void Credit(long sender, InfoHash torrent, long bytes)
    {
        var account = state.Members[sender];
        account.Uploaded = CreditLimit.Add(account.Uploaded, bytes);
        account.Changed = true;
        var moved = Moved.GetValueOrDefault((sender, torrent));
        Moved[(sender, torrent)] = (CreditLimit.Add(moved.Up, bytes), moved.Down);
    }
}
