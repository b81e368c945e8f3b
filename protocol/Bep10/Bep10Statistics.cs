namespace Pbts.Protocol.Bep10;

/// <summary>Counters of one or more connections; safe to share.</summary>
public sealed class Bep10Statistics
{
    private static readonly string[] Counts =
    [
        "handshakes_created", "handshakes_parsed", "receipts_created", "receipts_parsed", "batches_created", "batches_parsed",
    ];

    private static readonly string[] Times =
    [
        "handshake_create_time_ms", "handshake_parse_time_ms", "receipt_create_time_ms", "receipt_parse_time_ms",
        "batch_create_time_ms", "batch_parse_time_ms",
    ];

    private readonly Lock _gate = new();
    private readonly long[] _counts = new long[Counts.Length];
    private readonly double[] _milliseconds = new double[Counts.Length];

    /// <summary>All values by name: six counts, <c>total_…_time_ms</c> and <c>avg_…_time_ms</c> (0 without samples).</summary>
    public IReadOnlyDictionary<string, double> Snapshot()
    {
        var values = new Dictionary<string, double>();
        lock (_gate)
        {
            for (var i = 0; i < Counts.Length; i++)
            {
                values[Counts[i]] = _counts[i];
                values["total_" + Times[i]] = _milliseconds[i];
                values["avg_" + Times[i]] = _counts[i] == 0 ? 0 : _milliseconds[i] / _counts[i];
            }
        }
        return values;
    }

    /// <summary>Sets everything to zero.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            Array.Clear(_counts);
            Array.Clear(_milliseconds);
        }
    }

    internal void Add(Bep10Operation operation, TimeSpan elapsed)
    {
        lock (_gate)
        {
            _counts[(int)operation]++;
            _milliseconds[(int)operation] += elapsed.TotalMilliseconds;
        }
    }
}
