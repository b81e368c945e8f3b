using System.Diagnostics.Metrics;

namespace Pbts.Hosting.Metrics;

/// <summary>
/// A counter with a fixed set of tag combinations, for paths where nothing may be allocated or looked up: counting is one
/// addition in an array, and the tags are only touched when somebody collects.
/// </summary>
public sealed class TaggedCounter
{
    private readonly long[] _counts;
    private readonly KeyValuePair<string, object?>[][] _tags;

    /// <param name="name">Name of the instrument, for example <c>pbts.announces</c>.</param>
    /// <param name="unit">What is counted, in braces.</param>
    /// <param name="tags">The tags of each combination; <see cref="Add"/> names one by its place here.</param>
    public TaggedCounter(Meter meter, string name, string unit, string description, IEnumerable<KeyValuePair<string, object?>[]> tags)
    {
        ArgumentNullException.ThrowIfNull(meter);
        _tags = [.. tags];
        _counts = new long[_tags.Length];
        meter.CreateObservableCounter(name, Observe, unit, description);
    }

    /// <summary>The sum over all combinations.</summary>
    public long Total
    {
        get
        {
            long total = 0;
            for (var i = 0; i < _counts.Length; i++)
                total += Volatile.Read(ref _counts[i]);
            return total;
        }
    }

    public long this[int combination] => Volatile.Read(ref _counts[combination]);

    public void Add(int combination, long count = 1) => Interlocked.Add(ref _counts[combination], count);

    private IEnumerable<Measurement<long>> Observe()
    {
        for (var i = 0; i < _counts.Length; i++)
            yield return new(Volatile.Read(ref _counts[i]), _tags[i]);
    }
}
