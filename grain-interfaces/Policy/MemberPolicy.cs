namespace Pbts.GrainInterfaces.Policy;

/// <summary>What is said of one member.</summary>
/// <param name="UserId">The member.</param>
/// <param name="Disabled">Why it may not announce, 1 to 200 characters; null: it may.</param>
/// <param name="CanDownload">Whether it may leech.</param>
/// <param name="Passkey">Its passkey from now on, 32 letters and digits; a member that is not there is made, without a key. Null: as it is.</param>
/// <param name="GroupId">Its group; null: none.</param>
/// <param name="IsDonor">A flag of the site's own.</param>
/// <param name="IsLifetime">Another.</param>
[GenerateSerializer, Immutable, Alias("pbts.MemberPolicy")]
public sealed record MemberPolicy([property: Id(0)] string UserId, [property: Id(1)] string? Disabled, [property: Id(2)] bool CanDownload,
    [property: Id(3)] string? Passkey = null, [property: Id(4)] long? GroupId = null, [property: Id(5)] bool IsDonor = false, [property: Id(6)] bool IsLifetime = false);

/// <summary>What came of it.</summary>
public enum MemberVerdict
{
    /// <summary>It is as was said.</summary>
    Set,

    /// <summary>And the member was made.</summary>
    Created,

    /// <summary>There is no such member, and no passkey was given to make it with. Nothing was done.</summary>
    UnknownUser,

    /// <summary>The passkey is another member's. Nothing was done.</summary>
    PasskeyTaken,
}
