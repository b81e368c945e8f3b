using System.Diagnostics;

namespace Pbts.Hosting.Metrics;

/// <summary>The names under which PBTS measures and traces itself.</summary>
public static class Telemetry
{
    /// <summary>Name of the meter and of the activity source.</summary>
    public const string Name = "Pbts";

    /// <summary>Spans of what takes time: verifying a report's signatures, committing it.</summary>
    public static ActivitySource Activities { get; } = new(Name);
}
