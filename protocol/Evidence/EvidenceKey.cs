using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Evidence;

/// <summary>A key that a member has proved to hold. Times are Unix seconds.</summary>
/// <param name="Key">The key.</param>
/// <param name="ProvenAt">When it was proved.</param>
/// <param name="RetiredAt">When another took its place; <c>null</c> while it is in force.</param>
public sealed record EvidenceKey(MemberKey Key, long ProvenAt, long? RetiredAt)
{
    /// <summary>Seconds after its retirement that a voucher may say it was signed at: clocks differ, and vouchers may be dated two minutes ahead.</summary>
    public const long Tolerance = 180;

    /// <summary>Whether a voucher signed then counts on the member.</summary>
    public bool CoversSigning(long signedAt) => RetiredAt is not { } retired || signedAt - Tolerance <= retired;
}
