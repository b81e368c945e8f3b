using Pbts.Protocol.Vouchers;

namespace Pbts.Grains.Ledger;

/// <summary>A verified voucher ready to be credited.</summary>
/// <param name="Id">The identity of its session.</param>
/// <param name="Voucher">The voucher.</param>
/// <param name="Sender">Row id of the member credited.</param>
/// <param name="Receiver">Row id of the member debited.</param>
internal sealed record VoucherEntry(VoucherId Id, Voucher Voucher, long Sender, long Receiver);
