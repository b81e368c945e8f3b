namespace Pbts.GrainInterfaces.Users;

/// <summary>
/// What a member may owe, in bytes. R = max(initial credit, uploaded / minimum ratio) is the reference's rule. Under R alone
/// two accounts that sign for each other in turn raise each other's limits without end; so whoever is not trusted gives back
/// what it takes, but for the initial credit: D = min(R, initial credit + uploaded). Trust, from 0 to 1, leads from D to R.
/// </summary>
public static class CreditLimit
{
    /// <summary>The reference's limit R; <see cref="long.MaxValue"/> without a minimum ratio.</summary>
    public static long ByRatio(long uploaded, double minRatio, long initialCredit) =>
        minRatio <= 0 ? long.MaxValue : Math.Max(initialCredit, Saturate(uploaded / minRatio));

    /// <summary>The limit of a member.</summary>
    public static long Of(long uploaded, double trust, double minRatio, long initialCredit)
    {
        var byRatio = ByRatio(uploaded, minRatio, initialCredit);
        if (byRatio == long.MaxValue || trust >= 1)
            return byRatio;
        var given = Math.Min(byRatio, Add(initialCredit, uploaded));
        return trust <= 0 ? given : Math.Min(byRatio, given + Saturate(trust * (byRatio - given)));
    }

    /// <summary>The sum of two amounts that are not negative.</summary>
    public static long Add(long one, long other) => one > long.MaxValue - other ? long.MaxValue : one + other;

    private static long Saturate(double bytes) => bytes >= long.MaxValue ? long.MaxValue : (long)bytes;
}
