namespace Pbts.Hosting.Resilience;

/// <summary>
/// Nobody waits for what has just failed: everybody is told at once for a while. (A circuit breaker that opens at the first
/// failure, which those of Polly do not.) Thread-safe.
/// </summary>
public sealed class Pause(TimeSpan length, TimeProvider time)
{
    private long _until = long.MinValue;

    /// <summary>Whether it goes on.</summary>
    public bool IsOn => time.GetTimestamp() < Volatile.Read(ref _until);

    /// <summary>It begins now.</summary>
    public void Begin() => Volatile.Write(ref _until, time.GetTimestamp() + (long)(length.TotalSeconds * time.TimestampFrequency));
}
