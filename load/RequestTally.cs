using System.Diagnostics;

namespace Pbts.Load;

/// <summary>What became of the requests of one kind, and since when all is well again.</summary>
public sealed class RequestTally(string kind)
{
    /// <summary>What a client notices: slower than this, or not answered properly.</summary>
    public static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(1);

    /// <summary>What the most impatient of the usual clients waits for the first byte (libtorrent).</summary>
    public static readonly TimeSpan Impatient = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _failures = [];
    private readonly LatencyHistogram _answered = new();
    private long _watchedSince;
    private TimeSpan? _noticed;

    public string Kind => kind;

    public int Sent { get; private set; }

    public int Failed { get; private set; }

    /// <summary>Answered properly, but after <see cref="Impatient"/>.</summary>
    public int Late { get; private set; }

    public TimeSpan Slowest { get; private set; }

    /// <summary>Reasons of the failures, with how often each occurred.</summary>
    public IReadOnlyDictionary<string, int> Failures => _failures;

    /// <param name="started">From <see cref="Stopwatch.GetTimestamp"/>.</param>
    /// <param name="failure">Null when the request was answered properly.</param>
    public void Count(long started, string? failure)
    {
        var took = Stopwatch.GetElapsedTime(started);
        lock (_lock)
        {
            Sent++;
            Slowest = took > Slowest ? took : Slowest;
            if (failure is not null)
            {
                Failed++;
                _failures[failure] = _failures.GetValueOrDefault(failure) + 1;
            }
            else
            {
                _answered.Add(took.Ticks * Stopwatch.Frequency / TimeSpan.TicksPerSecond);
                Late += took > Impatient ? 1 : 0;
            }

            if (_watchedSince != 0 && (failure is not null || took > Noticeable))
                _noticed = Stopwatch.GetElapsedTime(_watchedSince);
        }
    }

    /// <summary>From now on remembers when a client noticed anything.</summary>
    public void Watch()
    {
        lock (_lock)
            (_watchedSince, _noticed) = (Stopwatch.GetTimestamp(), null);
    }

    /// <summary>Time from <see cref="Watch"/> to the end of the last request that was slow or failed; null when there was none.</summary>
    public TimeSpan? Recovery
    {
        get
        {
            lock (_lock)
                return _noticed;
        }
    }

    /// <summary>Milliseconds within which this share of the proper answers came.</summary>
    public double Quantile(double share)
    {
        lock (_lock)
            return _answered.Quantile(share);
    }
}
