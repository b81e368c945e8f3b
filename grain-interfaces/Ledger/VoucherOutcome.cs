using Pbts.Protocol.Vouchers;

namespace Pbts.GrainInterfaces.Ledger;

/// <summary>What became of one voucher.</summary>
/// <param name="Credited">Bytes that this report added.</param>
/// <param name="Total">Bytes that its session has been credited with so far.</param>
/// <param name="Reason">For what was credited in part, by which limit; for what is malformed, what is wrong.</param>
[GenerateSerializer, Immutable, Alias("pbts.VoucherOutcome")]
public readonly record struct VoucherOutcome(
    [property: Id(0)] VoucherStatus Status, [property: Id(1)] long Credited = 0, [property: Id(2)] long Total = 0, [property: Id(3)] string? Reason = null);
