using System.Net;

namespace Pbts.Peer.Exchange;

/// <summary>Keeps connections to the addresses it was told; a failing one is tried less and less often.</summary>
/// <param name="listener">Makes the connections.</param>
/// <param name="session">Knows how many there may be.</param>
internal sealed class PeerDialer(PeerListener listener, PeerSession session)
{
    private const int MaxKnown = 2000;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<IPEndPoint, Known> _known = [];

    public void Add(IEnumerable<IPEndPoint> endPoints)
    {
        lock (_gate)
            foreach (var endPoint in endPoints)
            {
                // Those that went long ago make room for new ones.
                if (_known.Count >= MaxKnown)
                    foreach (var (old, known) in _known.ToArray())
                        if (!known.IsCalling && known.Pause == LongestPause)
                            _known.Remove(old);
                if (_known.Count < MaxKnown)
                    _known.TryAdd(endPoint, new Known());
            }
    }

    /// <summary>Calls an address again at once, whatever happened before.</summary>
    public void CallNow(IPEndPoint endPoint)
    {
        lock (_gate)
            if (_known.TryGetValue(endPoint, out var known))
                known.NotBefore = DateTimeOffset.MinValue;
        Add([endPoint]);
    }

    /// <summary>Starts the calls that are due.</summary>
    public void CallDue(CancellationToken cancellationToken)
    {
        var now = session.Clock.GetUtcNow();
        // Addresses we are connected to are not called a second time.
        var connected = session.Peers.Select(p => p.State.DialBack).Where(e => e is not null).ToHashSet();
        lock (_gate)
        {
            foreach (var (endPoint, known) in _known)
            {
                if (session.PeerCount + _known.Values.Count(k => k.IsCalling) >= session.Options.MaxConnections / 2)
                    return;
                if (known.IsCalling || known.NotBefore > now || connected.Contains(endPoint) || session.Bans.Contains(endPoint, []))
                    continue;
                known.IsCalling = true;
                _ = CallAsync(endPoint, known, cancellationToken);
            }
        }
    }

    private async Task CallAsync(IPEndPoint endPoint, Known known, CancellationToken cancellationToken)
    {
        var worked = await listener.CallAsync(endPoint, cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            known.IsCalling = false;
            known.Pause = worked ? TimeSpan.FromSeconds(5) : TimeSpan.FromTicks(Math.Min(known.Pause.Ticks * 2, LongestPause.Ticks));
            known.NotBefore = session.Clock.GetUtcNow() + known.Pause;
        }
    }

    private sealed class Known
    {
        public bool IsCalling { get; set; }

        public DateTimeOffset NotBefore { get; set; }

        public TimeSpan Pause { get; set; } = TimeSpan.FromSeconds(2);
    }
}
