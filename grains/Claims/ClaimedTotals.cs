using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Torrents;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Metrics;
using Pbts.Protocol;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Claims;

/// <summary>
/// Transfer that clients claim in announces, summed by user until <see cref="Drain"/> takes it to the database, and for registered
/// torrents also by torrent, with what is credited of it. It is the client's word, kept apart from what receipts prove, and a crash
/// may lose the last few seconds of it.
/// </summary>
internal sealed class ClaimedTotals
{
    /// <summary>A client announces both hashes of a hybrid torrent (BEP 52) within this time.</summary>
    private static readonly TimeSpan TwinWithin = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly TaggedCounter _uploaded;
    private readonly ConcurrentDictionary<string, (long Uploaded, long Downloaded)> _pending = new();
    private readonly ConcurrentDictionary<Claim, (object Swarm, long At)> _recent = new();
    private readonly ConcurrentDictionary<(string UserId, InfoHash InfoHash), HistoryDelta> _history = new();
    private readonly ConcurrentDictionary<InfoHash, long?> _ended = new();
    private readonly bool _isCredited;

    /// <param name="ratio">Where what is proven counts, that is credited, and claims are not.</param>
    public ClaimedTotals(IMeterFactory meters, TimeProvider time, IOptions<RatioOptions>? ratio = null)
    {
        (_time, _isCredited) = (time, ratio is null || EnumText.Parse<RatioBasis>(ratio.Value.Basis) != RatioBasis.Proven);
        _uploaded = new(meters.Create(Telemetry.Name), "pbts.claimed", "By", "Bytes that members' clients say in announces they uploaded.", [[]]);
    }

    /// <summary>Bytes claimed as uploaded since the silo started.</summary>
    public long Uploaded => _uploaded.Total;

    /// <summary>Adds what an announce claims, unless the same client has just claimed it in another swarm.</summary>
    /// <param name="swarm">Tells swarms apart.</param>
    /// <param name="infoHash">Its torrent.</param>
    /// <param name="facts">What is said of that; null: there is no history of it.</param>
    public void Add(object swarm, AnnounceRequest request, in AnnounceEffect effect, InfoHash infoHash = default, TorrentFacts? facts = null)
    {
        if (request.UserId is not { } user)
            return;
        var counts = (effect.Uploaded | effect.Downloaded) != 0 && IsFirst(swarm, user, request, effect);
        if (counts)
        {
            _uploaded.Add(0, effect.Uploaded);
            Restore(user, (effect.Uploaded, effect.Downloaded));
        }

        if (facts is not null)
            Note(user, request, counts ? effect : effect with { Uploaded = 0, Downloaded = 0 }, infoHash, facts);
    }

    private bool IsFirst(object swarm, string user, AnnounceRequest request, in AnnounceEffect effect)
    {
        // The hashes of a hybrid torrent have one client's counters, which went from the same mark to the same mark with the
        // same left to go. Two torrents of a client with one peer id for all it does would have to agree in all of these.
        var claim = new Claim(user, request.PeerId, request.Identity, request.Left, effect.From, effect.To);
        var now = _time.GetTimestamp();
        var first = _recent.GetOrAdd(claim, (swarm, now));
        if (first.Swarm != swarm && _time.GetElapsedTime(first.At, now) <= TwinWithin)
        {
            // Spent: a third such claim is another transfer.
            _recent.TryRemove(claim, out _);
            return false;
        }

        _recent[claim] = (swarm, now);
        return true;
    }

    private void Note(string user, AnnounceRequest request, in AnnounceEffect effect, InfoHash infoHash, TorrentFacts facts)
    {
        var now = _time.GetUtcNow();
        var (download, upload) = facts.FactorsFor(request, now);
        var delta = new HistoryDelta(
            effect.Uploaded, effect.Downloaded, _isCredited ? Share(effect.Uploaded, upload) : 0, _isCredited ? Share(effect.Downloaded, download) : 0,
            effect.Seeded, effect.Completed, effect.IsActive, now, request);
        _history.AddOrUpdate((user, infoHash), static (_, delta) => delta, static (_, known, delta) => known.Plus(delta), delta);

        static long Share(long bytes, int factor) => (long)((Int128)bytes * factor / 100);
    }

    /// <summary>A swarm has ended with nobody in it.</summary>
    public void Ended(InfoHash infoHash, TorrentFacts? facts)
    {
        if (facts is not null)
            _ended[infoHash] = facts.Id;
    }

    /// <summary>Takes so much of what members did with torrents; what is left is taken the next time.</summary>
    public IReadOnlyList<((string UserId, InfoHash InfoHash) Of, HistoryDelta Delta)> DrainHistory(int most)
    {
        var drained = new List<((string, InfoHash), HistoryDelta)>();
        foreach (var (of, _) in _history)
        {
            if (drained.Count >= most)
                break;
            if (_history.TryRemove(of, out var delta))
                drained.Add((of, delta));
        }

        return drained;
    }

    /// <summary>Takes the torrents whose swarms have ended with nobody in them, and the site's numbers for them.</summary>
    public IReadOnlyList<(InfoHash InfoHash, long? Id)> DrainEnded()
    {
        var drained = new List<(InfoHash, long?)>();
        foreach (var (infoHash, _) in _ended)
        {
            if (_ended.TryRemove(infoHash, out var id))
                drained.Add((infoHash, id));
        }

        return drained;
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
