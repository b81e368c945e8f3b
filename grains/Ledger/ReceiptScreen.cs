using Pbts.GrainInterfaces.Configuration;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Ledger;

/// <summary>The rules of a report that need no signature: whose receipt, between whom, how old, how large.</summary>
internal sealed class ReceiptScreen(
    MemberKey sender, string reporter, IReadOnlyDictionary<MemberKey, KeyHolder> holders, ReceiptsOptions options, long window, long now)
{
    private readonly KeyHolder? _sender = holders.GetValueOrDefault(sender) is { Proven: true } holder && holder.UserId == reporter ? holder : null;

    /// <summary>The proven holder of a key.</summary>
    public KeyHolder? HolderOf(MemberKey key) => holders.GetValueOrDefault(key) is { Proven: true } holder ? holder : null;

    /// <summary><see cref="ReceiptStatus.Accepted"/> when only the signature and the ledger can still refuse it.</summary>
    public ReceiptStatus Check(Receipt receipt)
    {
        if (receipt.Sender != sender)
            return ReceiptStatus.NotYourReceipt;
        if (_sender is null)
            return ReceiptStatus.Unproven;
        if (receipt.Receiver == sender)
            return ReceiptStatus.SelfReceipt;
        if (receipt.PieceSize > options.MaxPieceSize)
            return ReceiptStatus.TooLarge;
        if (ReceiptFreshness.Check(receipt.Time, now, window) is var fresh and not ReceiptStatus.Accepted)
            return fresh;
        if (HolderOf(receipt.Receiver) is not null || options.CreditsUnknownReceivers)
            return ReceiptStatus.Accepted;
        return holders.ContainsKey(receipt.Receiver) ? ReceiptStatus.Unproven : ReceiptStatus.UnknownReceiver;
    }

    /// <summary>The ledger entry of a receipt that passed.</summary>
    public LedgerEntry Entry(Receipt receipt) => new(
        (long)receipt.Time.Epoch, receipt.Id, _sender!.Id, HolderOf(receipt.Receiver)?.Id, receipt.InfoHash, receipt.PieceIndex, receipt.PieceSize);
}
