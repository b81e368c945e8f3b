using Pbts.Protocol.Trust;

namespace Pbts.Load;

/// <summary>
/// Who gave how much to whom on a tracker that never was. Few members carry much of it (upload capacities and activity follow power
/// laws), few torrents are wanted by many, most of what somebody gets is of the kinds that he likes, who came first is there
/// longest, and each download is shared by those who have the torrent already. Members are numbered by age; the same seed gives
/// the same tracker.
/// </summary>
public sealed class SimulatedTracker
{
    private const int Kinds = 12;
    private const int MostSenders = 24;
    private const long LongestTorrent = 60L << 30;

    private readonly Random _random;
    private readonly Dictionary<long, long> _given = [];
    private readonly double[] _capacity;
    private readonly long[] _truth;

    /// <param name="members">Honest members.</param>
    /// <param name="downloads">What they got of each other, a torrent each.</param>
    /// <param name="seed">Of the random numbers.</param>
    public SimulatedTracker(int members, int downloads, int seed)
    {
        (Honest, _random) = (members, new Random(seed));
        _capacity = [.. Enumerable.Range(0, members).Select(_ => Math.Min(5000, Pareto(1.1)))];
        _truth = new long[members];
        Members = members;
        Trade(downloads);
    }

    /// <summary>Honest members have the numbers below it.</summary>
    public int Honest { get; }

    /// <summary>All, with the colluders.</summary>
    public int Members { get; private set; }

    /// <summary>The rings that were added.</summary>
    public List<SimulatedRing> Rings { get; } = [];

    /// <summary>Bytes that each honest member gave to other honest ones.</summary>
    public IReadOnlyList<long> Truth => _truth;

    /// <summary>Who received what from whom.</summary>
    public List<TrustEdge> Edges() => [.. _given.Select(pair => new TrustEdge((int)(pair.Key >> 32), (int)(pair.Key & int.MaxValue), pair.Value))];

    /// <summary>The same without what some members signed.</summary>
    public List<TrustEdge> EdgesWithout(IReadOnlySet<int> receivers) => [.. Edges().Where(edge => !receivers.Contains(edge.Receiver))];

    /// <summary>Adds a ring of as many accounts, which sign for each other what they like, and have this to do with honest members.</summary>
    public SimulatedRing Add(RingKind kind, int size)
    {
        var ring = new SimulatedRing(kind, Members, size);
        Members += size;
        Rings.Add(ring);
        for (var i = 0; i < size; i++)
        {
            if (kind == RingKind.Chain)
                Give(ring.First + i, ring.First + Math.Min(i + 1, size - 1), 1L << 40);
            else
                for (var other = 0; other < Math.Min(20, size - 1); other++)
                    Give(ring.First + i, ring.First + ((i + 1 + other) % size), 1L << 40);
        }

        switch (kind)
        {
            case RingKind.FewBytes:
                // One in twenty gives somebody a gigabyte.
                for (var i = 0; i < size; i += 20)
                    Give(_random.Next(Honest), ring.First + i, 1L << 30);
                break;
            case RingKind.Buyer:
                for (var i = 0; i < size; i++)
                    for (var bought = 0; bought < 20; bought++)
                        Give(ring.First + i, _random.Next(Honest), 1L << 30);
                break;
            case RingKind.Giver:
            case RingKind.Chain:
                // The first is a good member: thirty times ten gigabytes.
                for (var given = 0; given < 30; given++)
                    Give(_random.Next(Honest), ring.First, 10L << 30);
                break;
            case RingKind.Sold:
                // A member of long standing now signs for the ring, more than it ever got.
                var sold = _random.Next(Honest / 10, Honest / 2);
                for (var i = 0; i < size; i++)
                    Give(sold, ring.First + i, 1L << 40);
                break;
        }

        return ring;
    }

    private void Trade(int downloads)
    {
        // A third of the members may be there for one download in three of all; the rest come while it goes on.
        var activity = Enumerable.Range(0, Honest).Select(_ => Math.Min(200, Pareto(1.3))).ToArray();
        var likes = Enumerable.Range(0, Honest).Select(_ => (_random.Next(Kinds), _random.Next(Kinds))).ToArray();
        var torrents = Enumerable.Range(0, Math.Max(Kinds, downloads / 40)).Select(i => (Kind: i % Kinds, Bytes: (long)Math.Min(LongestTorrent, (200L << 20) * Pareto(0.9)), Holders: new List<int>())).ToArray();
        // The first to have a torrent brought it.
        for (var i = 0; i < torrents.Length; i++)
            torrents[i].Holders.Add(Busiest(_capacity, Honest / 3));
        for (var i = 0; i < downloads; i++)
        {
            var here = (int)(Honest * (0.3 + (0.7 * i / downloads)));
            var receiver = Busiest(activity, Math.Max(2, here));
            var kind = _random.Next(4) switch { 0 => _random.Next(Kinds), 1 => likes[receiver].Item2, _ => likes[receiver].Item1 };
            // Zipf by the inverse: the n-th most wanted is wanted 1/n times as often.
            var rank = (int)Math.Exp(_random.NextDouble() * Math.Log(torrents.Length / Kinds));
            var torrent = torrents[Math.Min(torrents.Length - 1, (rank * Kinds) + kind)];
            Download(receiver, torrent.Bytes, torrent.Holders);
            torrent.Holders.Add(receiver);
        }
    }

    private void Download(int receiver, long bytes, List<int> holders)
    {
        // Who can send fast is met more often, and sends more.
        var senders = new Dictionary<int, double>();
        for (var i = 0; i < 3 * MostSenders && senders.Count < MostSenders; i++)
        {
            var (one, other) = (holders[_random.Next(holders.Count)], holders[_random.Next(holders.Count)]);
            var met = _capacity[one] > _capacity[other] ? one : other;
            if (met != receiver)
                senders[met] = _capacity[met] * (0.5 + _random.NextDouble());
        }

        var sum = senders.Values.Sum();
        foreach (var (sender, share) in senders)
        {
            var given = (long)(bytes * share / sum);
            if (given == 0)
                continue;
            Give(receiver, sender, given);
            _truth[sender] += given;
        }
    }

    private void Give(int receiver, int sender, long bytes)
    {
        if (receiver == sender)
            return;
        var pair = ((long)receiver << 32) | (uint)sender;
        _given[pair] = _given.GetValueOrDefault(pair) + bytes;
    }

    /// <summary>One of the first so many, the more of it the likelier.</summary>
    private int Busiest(double[] much, int among)
    {
        var best = _random.Next(among);
        for (var i = 0; i < 3; i++)
        {
            var other = _random.Next(among);
            if (_random.NextDouble() * (much[best] + much[other]) < much[other])
                best = other;
        }

        return best;
    }

    private double Pareto(double shape) => Math.Pow(1 - _random.NextDouble(), -1 / shape);
}
