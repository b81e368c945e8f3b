using System.Globalization;

namespace Pbts.Experiments;

/// <summary>How numbers are written, everywhere the same.</summary>
internal static class Format
{
    /// <summary>Three significant digits, more where the number has more in front of the point.</summary>
    public static string Number(double? number) => number is not { } value ? "–"
        : !double.IsFinite(value) ? "–"
        : value == Math.Truncate(value) && Math.Abs(value) < 1e15 ? value.ToString("#,0", CultureInfo.InvariantCulture)
        : Math.Abs(value) switch
        {
            >= 100 => value.ToString("#,0", CultureInfo.InvariantCulture),
            >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
            >= 1 => value.ToString("0.00", CultureInfo.InvariantCulture),
            >= 0.1 => value.ToString("0.000", CultureInfo.InvariantCulture),
            >= 0.01 => value.ToString("0.0000", CultureInfo.InvariantCulture),
            _ => value.ToString("0.00000", CultureInfo.InvariantCulture),
        };

    /// <summary>Seconds as people say them.</summary>
    public static string Time(double seconds) => seconds < 90 ? $"{Math.Max(1, Math.Round(seconds)):0} s" : $"{seconds / 60:0} min";
}
