using Pbts.Grains.Users;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Grains.Ledger;

/// <summary>
/// The rules of a report that need no signature: whose receipt or voucher, between whom, how old, how large. Nothing that is
/// reported counts before the sender's key, under which it is reported, is proven.
/// </summary>
internal sealed class ReceiptScreen(
    MemberKey sender, string reporter, IReadOnlyDictionary<MemberKey, KeyHolder> holders, ReceiptsOptions options, long window, long now)
{
    /// <summary>Seconds after its replacement in which a key's receipts still count: clocks differ.</summary>
    private const ulong RetirementSkew = 60;

    /// <summary>The member whose proven key it is or was.</summary>
    public KeyHolder? HolderOf(MemberKey key) => holders.GetValueOrDefault(key) is { Proven: true } holder ? holder : null;

    /// <summary><see cref="ReceiptStatus.Accepted"/> when only the signature and the ledger can still refuse it.</summary>
    public ReceiptStatus Check(Receipt receipt)
    {
        if (HolderOf(sender) is null)
            return ReceiptStatus.Unproven;
        var from = HolderOf(receipt.Sender);
        // A key that was replaced is still the member's for what was sent before.
        if (from is null || from.UserId != reporter || IsAfterRetirement(from, receipt.Time))
            return ReceiptStatus.NotYourReceipt;
        if (HolderOf(receipt.Receiver)?.Id == from.Id)
            return ReceiptStatus.SelfReceipt;
        if (receipt.PieceSize > options.MaxPieceSize)
            return ReceiptStatus.TooLarge;
        if (ReceiptFreshness.Check(receipt.Time, now, window) is var fresh and not ReceiptStatus.Accepted)
            return fresh;
        // Who replaces a key owes what it signed before, and nothing that it signs afterwards counts.
        if (HolderOf(receipt.Receiver) is { } to)
            return IsAfterRetirement(to, receipt.Time) ? ReceiptStatus.UnknownReceiver : ReceiptStatus.Accepted;
        if (options.CreditsUnknownReceivers)
            return ReceiptStatus.Accepted;
        return holders.ContainsKey(receipt.Receiver) ? ReceiptStatus.Unproven : ReceiptStatus.UnknownReceiver;
    }

    /// <summary>
    /// <see cref="VoucherStatus.Accepted"/> when only the signature and the ledger can still refuse it. A voucher of somebody
    /// unknown is worth nothing, whatever receipts of such are.
    /// </summary>
    public VoucherStatus Check(Voucher voucher)
    {
        if (HolderOf(sender) is null)
            return VoucherStatus.Unproven;
        var from = HolderOf(voucher.Sender);
        var signed = ReceiptTime.FromTimestamp((ulong)voucher.SignedAt);
        if (from is null || from.UserId != reporter || IsAfterRetirement(from, signed))
            return VoucherStatus.NotYourVoucher;
        if (HolderOf(voucher.Receiver) is not { } to)
            return holders.ContainsKey(voucher.Receiver) ? VoucherStatus.Unproven : VoucherStatus.UnknownReceiver;
        if (to.Id == from.Id)
            return VoucherStatus.SelfVoucher;
        return IsAfterRetirement(to, signed) ? VoucherStatus.UnknownReceiver : VoucherStatus.Accepted;
    }

    private static bool IsAfterRetirement(KeyHolder holder, ReceiptTime time) =>
        holder.RetiredAt is { } retired && time.Earliest > (ulong)retired + RetirementSkew;

    /// <summary>The ledger entry of a receipt that passed.</summary>
    public LedgerEntry Entry(Receipt receipt) => new(
        (long)receipt.Time.Epoch, receipt.Id, HolderOf(receipt.Sender)!.Id, HolderOf(receipt.Receiver)?.Id, receipt.InfoHash, receipt.PieceIndex, receipt.PieceSize);

    /// <summary>The ledger entry of a voucher that passed.</summary>
    public VoucherEntry Entry(Voucher voucher) => new(voucher.Id, voucher, HolderOf(voucher.Sender)!.Id, HolderOf(voucher.Receiver)!.Id);
}
