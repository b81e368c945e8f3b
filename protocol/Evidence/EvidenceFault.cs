using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Evidence;

/// <summary>Something in a file of evidence that does not fit.</summary>
/// <param name="Line">Number of the line, from 1.</param>
/// <param name="Code">One of <see cref="EvidenceFaultCodes"/>.</param>
/// <param name="Message">What is wrong, for a reader.</param>
/// <param name="Voucher">The session, when the line tells.</param>
public sealed record EvidenceFault(long Line, string Code, string Message, VoucherId? Voucher = null);
