using System.Diagnostics;
using System.Numerics;

namespace Pbts.Load;

/// <summary>Times by how often they occurred, exact to one part in 64, in the same memory however many there are.</summary>
public sealed class LatencyHistogram
{
    private const int PrecisionBits = 6;

    private readonly long[] _counts = new long[64 << PrecisionBits];

    /// <summary>How many times were added.</summary>
    public long Count { get; private set; }

    /// <param name="ticks">Of <see cref="Stopwatch"/>.</param>
    public void Add(long ticks)
    {
        ticks = Math.Max(ticks, 0);
        // Below 128 each tick has its own place; above, 64 places for each doubling.
        var shift = Math.Max(0, BitOperations.Log2((ulong)ticks) - PrecisionBits);
        _counts[(shift << PrecisionBits) + (int)(ticks >> shift)]++;
        Count++;
    }

    /// <summary>Milliseconds that at least <paramref name="fraction"/> of the times do not exceed; NaN when there are none.</summary>
    public double Quantile(double fraction)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(fraction * Count));
        long seen = 0;
        for (var place = 0; place < _counts.Length; place++)
        {
            seen += _counts[place];
            if (seen >= rank)
                return Longest(place) * 1000.0 / Stopwatch.Frequency;
        }

        return double.NaN;
    }

    /// <summary>The longest time, in ticks, that is counted at this place.</summary>
    private static long Longest(int place)
    {
        var shift = Math.Max(0, (place >> PrecisionBits) - 1);
        return ((long)(place - (shift << PrecisionBits)) << shift) + (1L << shift) - 1;
    }
}
