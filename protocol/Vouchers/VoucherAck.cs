namespace Pbts.Protocol.Vouchers;

/// <summary>A sender's word that it has checked a voucher and has it on disk.</summary>
/// <param name="Session">The session.</param>
/// <param name="Bytes">The voucher's bytes.</param>
public sealed record VoucherAck(SessionId Session, long Bytes);
