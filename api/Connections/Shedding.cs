using System.Diagnostics;

namespace Pbts.Api.Connections;

/// <summary>
/// Decides which requests of a loop are told to come back, so that the others do not wait long. As in controlled delay
/// (RFC 8289) a moment of lateness is nothing: only when every round of the loop has been late for a whole
/// <see cref="Patience"/> are requests shed, each beyond what a round can answer in time, and until none had to be for as long.
/// </summary>
/// <param name="limit">How long, at most, a request should wait; zero: nothing is ever shed.</param>
internal sealed class Shedding(TimeSpan limit)
{
    private static readonly long Patience = Stopwatch.Frequency / 10;

    // A wait shorter than this did not wait: something was ready already.
    private static readonly long Blocked = Stopwatch.Frequency / 50_000;

    private readonly long _limit = (long)(limit.TotalSeconds * Stopwatch.Frequency);
    private long _round;
    private long _onTime;
    private long _lastShed;
    private bool _shedding;

    /// <summary>A round begins: the loop looked for ready connections at <paramref name="before"/> and found some at <paramref name="now"/>.</summary>
    public void Begin(long before, long now)
    {
        // What was not ready when the last round began has waited for as long as that round took.
        if (now - before > Blocked || before - _round < _limit)
            _onTime = now;
        _round = now;
        _shedding = _limit > 0 && (_shedding ? now - _lastShed < Patience : now - _onTime > Patience);
    }

    /// <summary>Whether the request that comes next in this round is one too many.</summary>
    public bool Sheds()
    {
        if (!_shedding)
            return false;
        var now = Stopwatch.GetTimestamp();
        if (now - _round < _limit / 2)
            return false;
        _lastShed = now;
        return true;
    }
}
