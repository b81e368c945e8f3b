namespace Pbts.GrainInterfaces.Users;

/// <summary>What a member brought from another tracker.</summary>
/// <param name="Issuer">The issuer's name here; where nobody on the list vouches for it any more, its instance id or contract.</param>
/// <param name="Source"><c>passport</c> or <c>contract</c>.</param>
/// <param name="Up">Bytes given there, as was said.</param>
/// <param name="Down">Bytes taken there.</param>
/// <param name="AsOf">The moment it is of.</param>
/// <param name="Weight">Per cent that counts; 0: nothing, now.</param>
/// <param name="BelievedUp">What of it counts.</param>
/// <param name="BelievedDown">What of it counts.</param>
[GenerateSerializer, Immutable, Alias("pbts.MemberImport")]
public sealed record MemberImport(
    [property: Id(0)] string Issuer, [property: Id(1)] string Source, [property: Id(2)] long Up, [property: Id(3)] long Down, [property: Id(4)] DateTimeOffset AsOf, [property: Id(5)] int Weight,
    [property: Id(6)] long BelievedUp, [property: Id(7)] long BelievedDown);
