namespace Pbts.Load;

/// <summary>What a ring of colluders has to do with honest members.</summary>
public enum RingKind
{
    /// <summary>Nothing.</summary>
    Closed,

    /// <summary>One account in twenty gave somebody a gigabyte.</summary>
    FewBytes,

    /// <summary>Every account downloads from twenty of them, and signs for it.</summary>
    Buyer,

    /// <summary>One account is a good member; the others sign for it and each other.</summary>
    Giver,

    /// <summary>One account is a good member, signs for the next, which signs for the next, and so on.</summary>
    Chain,

    /// <summary>A member of long standing signs for all accounts what they never gave.</summary>
    Sold,
}

/// <summary>A ring of colluders in a <see cref="SimulatedTracker"/>.</summary>
/// <param name="Kind">What it has to do with honest members.</param>
/// <param name="First">The first account's number; the others follow.</param>
/// <param name="Size">How many accounts.</param>
public sealed record SimulatedRing(RingKind Kind, int First, int Size)
{
    /// <summary>All accounts.</summary>
    public HashSet<int> Accounts => [.. Enumerable.Range(First, Size)];
}
