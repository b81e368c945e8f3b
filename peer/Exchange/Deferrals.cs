namespace Pbts.Peer.Exchange;

/// <summary>What the tracker has not decided is asked for again after a while, each time a longer one.</summary>
/// <param name="clock">The clock.</param>
internal sealed class Deferrals<TKey>(TimeProvider clock)
    where TKey : notnull
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    private readonly Dictionary<TKey, (DateTimeOffset NotBefore, TimeSpan Pause)> _deferred = [];

    /// <summary>How many are remembered.</summary>
    public int Count => _deferred.Count;

    public bool IsDue(TKey id) => !_deferred.TryGetValue(id, out var deferred) || deferred.NotBefore <= clock.GetUtcNow();

    /// <summary>Those that have gone meanwhile are not asked for again; they must not be remembered for ever either.</summary>
    /// <param name="waiting">How many wait in all.</param>
    public void Trim(int waiting)
    {
        if (_deferred.Count > 2 * waiting)
            _deferred.Clear();
    }

    /// <summary>Puts off; <c>true</c> for the first time.</summary>
    public bool Defer(TKey id)
    {
        var isFirst = !_deferred.TryGetValue(id, out var last);
        var pause = isFirst ? FirstPause : last.Pause * 2 < LongestPause ? last.Pause * 2 : LongestPause;
        _deferred[id] = (clock.GetUtcNow() + pause, pause);
        return isFirst;
    }

    /// <summary>It is decided.</summary>
    public void Remove(TKey id) => _deferred.Remove(id);
}
