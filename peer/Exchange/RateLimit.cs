namespace Pbts.Peer.Exchange;

/// <summary>Spreads bytes over time. Thread-safe; those who wait are served in the order they came.</summary>
/// <param name="bytesPerSecond">The rate.</param>
/// <param name="clock">The clock.</param>
internal sealed class RateLimit(long bytesPerSecond, TimeProvider clock)
{
    /// <summary>How far a late timer may be made up for.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly long _started = clock.GetTimestamp();
    private TimeSpan _free;

    /// <summary>Waits until the bytes may go.</summary>
    public Task WaitAsync(int bytes, CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (_gate)
        {
            var now = clock.GetElapsedTime(_started);
            _free = (_free > now - Slack ? _free : now - Slack) + TimeSpan.FromSeconds((double)bytes / bytesPerSecond);
            wait = _free - now;
        }
        return wait > TimeSpan.Zero ? Task.Delay(wait, clock, cancellationToken) : Task.CompletedTask;
    }
}
