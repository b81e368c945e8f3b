using System.Buffers.Binary;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Claims;
using Pbts.Grains.Torrents;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Swarms;

/// <summary>
/// The swarm of one activation. Its grain is the writer; an announce that came in through the same process may take the
/// pen for a moment instead of sending the grain a message, while the activation lasts. One lock orders the two, so there
/// is one writer at any time, and none from the moment the grain closes the swarm to put its peers away.
/// </summary>
internal sealed class LiveSwarm(Swarm swarm, SwarmSurroundings around)
{
    /// <summary>Slices of a sweep that one announce pays for, letting others in between them.</summary>
    private const int MaxSlices = 16;

    private bool _open;
    private long _lastTurn;
    private long _completions;
    private TorrentCounts _told;
    private volatile TorrentFacts? _facts;

    /// <summary>Whose lock is this one's too, which saves one each. To be written by the grain before <see cref="Open"/> and after <see cref="Close"/> alone.</summary>
    public Swarm Swarm => swarm;

    public Moment Now => Moment.Now(around.Time);

    /// <summary>Which torrent's it is.</summary>
    public InfoHash InfoHash { get; set; }

    /// <summary>What is said of its torrent; null: nothing, or it is not known yet.</summary>
    public TorrentFacts? Facts
    {
        get => _facts;
        set => _facts = value;
    }

    public void Open()
    {
        lock (swarm)
            (_open, _lastTurn) = (true, Now.Milliseconds);
    }

    public void Close()
    {
        lock (swarm)
            _open = false;
    }

    /// <summary>The grain's own turn.</summary>
    public AnnounceReply Announce(AnnounceRequest request, out AnnounceEffect effect, out bool empty)
    {
        var now = Now;
        if (Refuses(request) is { } refusal)
        {
            (effect, empty) = (default, Count() is (0, 0, _));
            return refusal;
        }

        Sweep(now, MaxSlices);
        lock (swarm)
        {
            _lastTurn = now.Milliseconds;
            var reply = Take(request, now, out effect);
            empty = swarm.Count == 0;
            return reply;
        }
    }

    /// <summary>An announce from this process; null when it needs a turn of the grain.</summary>
    public AnnounceReply? TryAnnounce(AnnounceRequest request)
    {
        // These may empty the swarm or have to wait for the database.
        if (request.Event is AnnounceEvent.Stopped or AnnounceEvent.Completed || Refuses(request) is not null)
            return null;
        var now = Now;
        Sweep(now, MaxSlices);
        lock (swarm)
        {
            // Every now and then the grain itself has to be called, or it would be collected as idle after a lifetime without a turn.
            return _open && now.Milliseconds - _lastTurn <= around.Rules.Lifetime * 500L ? Take(request, now, out _) : null;
        }
    }

    /// <summary>Drops expired peers, in the grain's turn, and counts the rest.</summary>
    public (int Complete, int Incomplete, int Downloaders) Count()
    {
        Sweep(Now, int.MaxValue);
        lock (swarm)
            return (swarm.Complete, swarm.Incomplete, swarm.Downloaders);
    }

    /// <summary>A completed download is durable.</summary>
    public void OnCompleted() => Interlocked.Increment(ref _completions);

    /// <summary>How many there are, unless that has been told before. One caller at a time.</summary>
    public bool TryTell(out TorrentCounts counts)
    {
        // Read while announces go on: it may be an announce apart, which is told the next time.
        counts = new(swarm.Complete, swarm.Incomplete, Interlocked.Read(ref _completions));
        if (counts == _told)
            return false;
        _told = counts;
        return true;
    }

    /// <summary>Who leaves may always.</summary>
    private AnnounceReply? Refuses(AnnounceRequest request) => request.Event == AnnounceEvent.Stopped ? null : _facts?.Refusal;

    /// <summary>Peers that are listed, so many at most.</summary>
    public IReadOnlyList<SwarmPeer> List(int most)
    {
        Sweep(Now, int.MaxValue);
        var peers = new List<SwarmPeer>();
        lock (swarm)
        {
            foreach (var table in swarm.Tables)
            {
                for (var position = 0; position < table.Count && peers.Count < most; position++)
                {
                    var record = table.Record(position);
                    var endpoint = table.Endpoint(position);
                    var counters = record.Session?.Mark ?? default;
                    peers.Add(new(new(endpoint[..^2], BinaryPrimitives.ReadUInt16BigEndian(endpoint[^2..])), record.PeerId, record.Session?.Member.UserId,
                        record.Role == PeerRole.Seeder, record.LastSeen, counters.Uploaded, counters.Downloaded));
                }
            }
        }

        return peers;
    }

    private void Sweep(Moment now, int slices)
    {
        // Read without the lock: whoever comes a moment too early or too late leaves it to the next.
        for (var more = swarm.IsSweepDue(now); more && slices > 0; slices--)
        {
            lock (swarm)
            {
                if (!_open)
                    return;
                var before = swarm.Count;
                more = swarm.Sweep(now);
                around.Census.Change(swarm.Count - before);
            }
        }
    }

    private AnnounceReply Take(AnnounceRequest request, Moment now, out AnnounceEffect effect)
    {
        var before = swarm.Count;
        var reply = swarm.Announce(request, now, Random.Shared, out effect);
        around.Census.Announced(swarm.Count - before);
        around.Claimed.Add(this, request, effect, InfoHash, _facts);
        return reply;
    }
}
