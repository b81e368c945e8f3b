namespace Pbts.GrainInterfaces.Users;

/// <summary>Uploaded over downloaded. Nothing over nothing is 1; something over nothing is infinite.</summary>
/// <param name="Value">The ratio; null when infinite, because JSON knows no infinity.</param>
public readonly record struct Ratio(double? Value)
{
    public bool IsInfinite => Value is null;

    /// <summary>The ratio of two totals in bytes.</summary>
    public static Ratio Of(long uploaded, long downloaded) =>
        new(downloaded > 0 ? (double)uploaded / downloaded : uploaded > 0 ? null : 1.0);

    /// <summary>Whether it is at least <paramref name="minimum"/>.</summary>
    public bool Reaches(double minimum) => Value is not { } value || value >= minimum;
}
