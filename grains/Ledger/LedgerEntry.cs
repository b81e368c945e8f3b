using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Ledger;

/// <summary>A verified receipt ready to be spent.</summary>
/// <param name="Epoch">The hour it was signed for; with <paramref name="Id"/> its identity.</param>
/// <param name="Id">Its canonical id.</param>
/// <param name="Sender">Row id of the member credited.</param>
/// <param name="Receiver">Row id of the member debited, or null where nobody is.</param>
/// <param name="InfoHash">The torrent.</param>
/// <param name="PieceIndex">The piece.</param>
/// <param name="Claimed">Its size as the reporter says it, not negative; what it is worth is for <see cref="CreditRules"/>.</param>
internal readonly record struct LedgerEntry(long Epoch, ReceiptId Id, long Sender, long? Receiver, InfoHash InfoHash, uint PieceIndex, long Claimed);
