using System.Diagnostics;
using System.Diagnostics.Metrics;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Metrics;

namespace Pbts.Api.Announce;

/// <summary>What became of an announce.</summary>
internal enum AnnounceResult
{
    /// <summary>Answered with counts and peers.</summary>
    Served,

    /// <summary>The client may not: unknown passkey, bad signature, low ratio.</summary>
    Refused,

    /// <summary>Told to come back: the swarm or the user could not be reached.</summary>
    Busy,

    /// <summary>Told to come back: it announces more often than it may.</summary>
    Limited,

    /// <summary>The query is not an announce.</summary>
    Malformed,

    /// <summary>Told to come back: too many announces wait.</summary>
    Shed,
}

/// <summary>Counts and times announces in this process.</summary>
internal sealed class AnnounceMetrics
{
    private static readonly string[] Events = ["none", "started", "completed", "stopped", "paused"];
    private static readonly string[] Outcomes = ["served", "refused", "busy", "limited", "malformed", "shed"];

    private readonly TaggedCounter _announces;
    private readonly Histogram<double> _duration;

    public AnnounceMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Telemetry.Name);
        _announces = new(meter, "pbts.announces", "{announce}", "Announces by event and outcome.",
            from name in Events from outcome in Outcomes select new KeyValuePair<string, object?>[] { new("event", name), new("outcome", outcome) });
        _duration = meter.CreateHistogram("pbts.announce.duration", "s", "Time to answer an announce that was served.", tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 25] });
    }

    /// <summary>All, whatever became of them.</summary>
    public long Total => _announces.Total;

    /// <summary>Those that were answered with counts and peers.</summary>
    public long TotalServed => Enumerable.Range(0, Events.Length).Sum(announced => _announces[announced * Outcomes.Length]);

    public void Count(AnnounceEvent announced, AnnounceResult outcome) => _announces.Add(((int)announced * Outcomes.Length) + (int)outcome);

    /// <param name="started">From <see cref="Stopwatch.GetTimestamp"/>.</param>
    public void Served(AnnounceEvent announced, long started)
    {
        Count(announced, AnnounceResult.Served);
        _duration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
    }
}
