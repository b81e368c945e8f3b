namespace Pbts.GrainInterfaces.Users;

/// <summary>By what users are listed.</summary>
public enum UserOrder
{
    /// <summary>By id.</summary>
    Name,

    /// <summary>By what they claim to have uploaded and did not prove, most first.</summary>
    Unproven,
}

/// <summary>Which users to list.</summary>
/// <param name="Prefix">First characters of the id; empty for all.</param>
/// <param name="Count">1 to 1,000.</param>
/// <param name="After">The last user of the page before; null: from the first on.</param>
[GenerateSerializer, Immutable, Alias("pbts.UserSearch")]
public sealed record UserSearch(
    [property: Id(0)] string Prefix, [property: Id(1)] UserOrder Order, [property: Id(2)] int Count, [property: Id(3)] UserCursor? After = null);

/// <summary>A place in a list of users.</summary>
/// <param name="Unproven">Bytes; what the order by name does not look at.</param>
[GenerateSerializer, Immutable, Alias("pbts.UserCursor")]
public sealed record UserCursor([property: Id(0)] string UserId, [property: Id(1)] long Unproven);

/// <summary>One user in a list.</summary>
/// <param name="Unproven">
/// Bytes claimed as uploaded in announces, less those that vouchers and receipts prove; negative where more is proven.
/// </param>
[GenerateSerializer, Immutable, Alias("pbts.UserListing")]
public sealed record UserListing([property: Id(0)] UserProfile User, [property: Id(1)] long Unproven);
