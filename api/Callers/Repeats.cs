namespace Pbts.Api.Callers;

/// <summary>Sums up what happens again and again, for a log that nobody can flood: it is due at most so often, with a count.</summary>
internal sealed class Repeats(TimeSpan every, TimeProvider time)
{
    private readonly Lock _lock = new();
    private long _last;
    private long _count;
    private bool _begun;

    /// <summary>Counts one more.</summary>
    /// <param name="since">How many there were since it was last due, this one included.</param>
    /// <returns>Whether to say it now.</returns>
    public bool IsDue(out long since)
    {
        lock (_lock)
        {
            since = ++_count;
            var now = time.GetTimestamp();
            if (_begun && time.GetElapsedTime(_last, now) < every)
                return false;
            (_begun, _last, _count) = (true, now, 0);
            return true;
        }
    }
}
