namespace Pbts.Grains.Swarms;

/// <summary>When something happens.</summary>
/// <param name="Unix">Seconds, by the clock on the wall: what travels from one process to another.</param>
/// <param name="Milliseconds">By a clock that nobody sets: what spans of time are measured with.</param>
internal readonly record struct Moment(uint Unix, long Milliseconds)
{
    public static Moment Now(TimeProvider time) => new(
        (uint)time.GetUtcNow().ToUnixTimeSeconds(),
        (long)time.GetElapsedTime(0).TotalMilliseconds);
}
