namespace Pbts.GrainInterfaces.Users;

/// <summary>What stands behind a member's totals, beside receipts: sessions with vouchers, and what of them is credited.</summary>
/// <param name="SentSessions">Sessions in which the member uploaded.</param>
/// <param name="SentBytes">What it was credited for them.</param>
/// <param name="ReceivedSessions">Sessions in which the member downloaded.</param>
/// <param name="ReceivedBytes">What it was debited for them.</param>
/// <param name="InvitedBy">The member whose invite it came by; null: nobody's, or the administration's.</param>
[GenerateSerializer, Immutable, Alias("pbts.MemberCredit")]
public sealed record MemberCredit(
    [property: Id(0)] long SentSessions, [property: Id(1)] long SentBytes, [property: Id(2)] long ReceivedSessions, [property: Id(3)] long ReceivedBytes,
    [property: Id(4)] string? InvitedBy);
