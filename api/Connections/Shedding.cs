using System.Diagnostics;

namespace Pbts.Api.Connections;

/// <summary>
/// Keeps the rounds of a loop short, and decides which requests are told to come back, so that the others do not wait long.
/// As in controlled delay (RFC 8289) a moment of lateness is nothing: only when somebody had waited too long in every round of
/// a whole <see cref="Patience"/> are requests shed, until none had to be for as long. Then the first half of a round is for
/// serving, and the second, like whoever has waited too long, for shedding.
/// </summary>
/// <param name="limit">How long a request should wait at most; zero: no limit, and nothing is ever shed.</param>
internal sealed class Shedding(TimeSpan limit)
{
    private static readonly long Patience = Stopwatch.Frequency / 10;

    private readonly long _limit = (long)(limit.TotalSeconds * Stopwatch.Frequency);
    private long _round;
    private long _behindSince;
    private long _lastShed;
    private bool _shedding;
    private bool _late;

    /// <summary>Whether somebody had waited too long when the round began.</summary>
    public bool IsBehind { get; private set; }

    /// <summary>Whether the round has lasted as long as it may: who still waits, waits for the next.</summary>
    public bool IsOver => _limit > 0 && Stopwatch.GetTimestamp() - _round >= _limit / 2;

    /// <summary>A round begins.</summary>
    /// <param name="oldest">Since when the connection that has waited longest does so; <paramref name="now"/> when none was left from the last round.</param>
    public void Begin(long now, long oldest)
    {
        IsBehind = _limit > 0 && now - oldest >= _limit;
        if (!IsBehind)
            _behindSince = 0;
        else if (_behindSince == 0)
            _behindSince = now;
        _round = now;
        _late = false;
        _shedding = _shedding ? now - _lastShed < Patience : IsBehind && now - _behindSince > Patience;
    }

    /// <summary>Whether what is left of the round is for shedding.</summary>
    public bool IsForShedding => _shedding && Stopwatch.GetTimestamp() - _round >= _limit / 4;

    /// <summary>It is the turn of a connection that has waited since then, and unseen before for a round at most.</summary>
    public void Turn(long since) => _late = _shedding && Stopwatch.GetTimestamp() - since > _limit / 2;

    /// <summary>Whether the request that comes next in this round is one too many.</summary>
    public bool Sheds()
    {
        if (!_late && !IsForShedding)
            return false;
        _lastShed = Stopwatch.GetTimestamp();
        return true;
    }
}
