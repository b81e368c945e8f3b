namespace Pbts.Peer.Tracker;

/// <summary>
/// Trackers that stand in for each other (BEP 12): asked one after the other until one takes the announce. It comes first in
/// its group the next time; groups keep their order.
/// </summary>
/// <param name="groups">The trackers, in groups of equals.</param>
internal sealed class TrackerTier(IEnumerable<IEnumerable<IAnnounceTracker>> groups)
{
    private readonly List<IAnnounceTracker>[] _groups = [.. groups.Select(group => group.ToList())];

    /// <summary>Those that have taken an announce, and have not heard that we stopped.</summary>
    private readonly HashSet<IAnnounceTracker> _knowUs = [];

    /// <summary>Whether a tracker has taken an announce.</summary>
    public bool IsAnnounced => _knowUs.Count > 0;

    /// <summary>Why every tracker refuses, and will again; <c>null</c> while one of them may still take an announce.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Announces to one tracker; the reply of none is that of all: their reasons, to be asked again soonest.</summary>
    public async Task<AnnounceReply> AnnounceAsync(AnnounceRequest request, CancellationToken cancellationToken)
    {
        var refused = new List<(string Name, AnnounceReply Reply)>();
        foreach (var group in _groups)
        {
            foreach (var tracker in group.ToArray())
            {
                // Who hears of us for the first time hears that we began, whatever others know.
                var reply = await tracker.AnnounceAsync(_knowUs.Contains(tracker) ? request : request with { Event = "started" }, cancellationToken).ConfigureAwait(false);
                if (reply.Failure is null)
                {
                    _knowUs.Add(tracker);
                    group.Remove(tracker);
                    group.Insert(0, tracker);
                    Refusal = null;
                    return reply;
                }
                refused.Add((tracker.Name, reply));
            }
        }
        var all = new AnnounceReply
        {
            Failure = refused is [var only] ? only.Reply.Failure : string.Join("; ", refused.Select(r => $"{r.Name}: {r.Reply.Failure}")),
            IsUnreachable = refused.Exists(r => r.Reply.IsUnreachable),
            IsFinal = refused.TrueForAll(r => r.Reply.IsFinal),
            Interval = refused.Min(r => r.Reply.Interval),
        };
        Refusal = all.IsFinal ? all.Failure : null;
        return all;
    }

    /// <summary>Says good-bye to all that know us.</summary>
    public async Task StopAsync(AnnounceRequest request, CancellationToken cancellationToken)
    {
        var known = _knowUs.ToArray();
        _knowUs.Clear();
        await Task.WhenAll(known.Select(tracker => tracker.AnnounceAsync(request with { Event = "stopped", NumWant = 0 }, cancellationToken))).ConfigureAwait(false);
    }
}
