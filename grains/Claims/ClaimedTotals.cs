using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Metrics;

namespace Pbts.Grains.Claims;

/// <summary>
/// Transfer that clients claim in announces, summed by user until <see cref="Drain"/> takes it to the database. It is the
/// client's word, kept apart from what receipts prove, and a crash may lose the last few seconds of it.
/// </summary>
internal sealed class ClaimedTotals
{
    /// <summary>A client announces both hashes of a hybrid torrent (BEP 52) within this time.</summary>
    private static readonly TimeSpan TwinWithin = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly TaggedCounter _uploaded;
    private readonly ConcurrentDictionary<string, (long Uploaded, long Downloaded)> _pending = new();
    private readonly ConcurrentDictionary<Claim, (object Swarm, long At)> _recent = new();

    public ClaimedTotals(IMeterFactory meters, TimeProvider time)
    {
        _time = time;
        _uploaded = new(meters.Create(Telemetry.Name), "pbts.claimed", "By", "Bytes that members' clients say in announces they uploaded.", [[]]);
    }

    /// <summary>Bytes claimed as uploaded since the silo started.</summary>
    public long Uploaded => _uploaded.Total;

    /// <summary>Adds what an announce claims, unless the same client has just claimed it in another swarm.</summary>
    /// <param name="swarm">Tells swarms apart.</param>
    public void Add(object swarm, AnnounceRequest request, in AnnounceEffect effect)
    {
        if (request.UserId is not { } user || (effect.Uploaded | effect.Downloaded) == 0)
            return;

        // The hashes of a hybrid torrent have one client's counters, which went from the same mark to the same mark with the
        // same left to go. Two torrents of a client with one peer id for all it does would have to agree in all of these.
        var claim = new Claim(user, request.PeerId, request.Identity, request.Left, effect.From, effect.To);
        var now = _time.GetTimestamp();
        var first = _recent.GetOrAdd(claim, (swarm, now));
        if (first.Swarm != swarm && _time.GetElapsedTime(first.At, now) <= TwinWithin)
        {
            // Spent: a third such claim is another transfer.
            _recent.TryRemove(claim, out _);
            return;
        }

        _recent[claim] = (swarm, now);
        _uploaded.Add(0, effect.Uploaded);
        Restore(user, (effect.Uploaded, effect.Downloaded));
    }

    /// <summary>Puts back what could not be written.</summary>
    public void Restore(string userId, (long Uploaded, long Downloaded) sum) =>
        _pending.AddOrUpdate(userId, sum, (_, known) => (known.Uploaded + sum.Uploaded, known.Downloaded + sum.Downloaded));

    /// <summary>Takes what has gathered since the last call.</summary>
    public IReadOnlyDictionary<string, (long Uploaded, long Downloaded)> Drain()
    {
        foreach (var (claim, (_, at)) in _recent)
        {
            if (_time.GetElapsedTime(at) > TwinWithin)
                _recent.TryRemove(claim, out _);
        }

        var drained = new Dictionary<string, (long, long)>();
        foreach (var (user, _) in _pending)
        {
            if (_pending.TryRemove(user, out var sum))
                drained.Add(user, sum);
        }

        return drained;
    }

    private readonly record struct Claim(string UserId, PeerId PeerId, ulong Identity, long? Left, Counters From, Counters To);
}
