using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Grains.Swarms;

/// <summary>
/// The peers of one torrent and what an announce does to them. Not thread safe: its grain is the only caller.
/// </summary>
/// <param name="lifetime">Seconds without an announce after which a peer is gone.</param>
internal sealed class Swarm(int lifetime)
{
    /// <summary>How often, in seconds, an announce may pay for looking through all peers.</summary>
    private const uint SweepEvery = 60;

    private readonly PeerTable _ipv4 = new(6);
    private readonly PeerTable _ipv6 = new(18);
    private int _paused;
    private uint _lastSweep;

    public int Complete => _ipv4.Seeders + _ipv6.Seeders;

    public int Incomplete => _ipv4.Leechers + _ipv6.Leechers;

    /// <summary>Leechers that are downloading: without partial seeds (BEP 21).</summary>
    public int Downloaders => Incomplete - _paused;

    public int Count => _ipv4.Count + _ipv6.Count;

    internal IEnumerable<PeerTable> Tables => [_ipv4, _ipv6];

    /// <summary>Takes the announce in and answers it.</summary>
    /// <param name="now">Unix seconds.</param>
    /// <param name="effect">What has to be recorded outside the swarm.</param>
    public AnnounceReply Announce(AnnounceRequest request, uint now, Random random, out AnnounceEffect effect)
    {
        Sweep(now);
        Span<byte> endpoint = stackalloc byte[request.Endpoint.CompactLength];
        request.Endpoint.WriteCompact(endpoint);
        var table = request.Endpoint.IsIPv6 ? _ipv6 : _ipv4;
        var position = table.Find(endpoint, request.Identity);

        if (request.Event == AnnounceEvent.Stopped)
        {
            effect = position < 0 ? default : Claim(ref table.Record(position), request, now, completed: false);
            if (position >= 0)
                Remove(table, position);
            return new AnnounceReply { Complete = Complete, Incomplete = Incomplete };
        }

        effect = Upsert(table, position, endpoint, request, now);
        return Choose(request, endpoint, random);
    }

    /// <summary>Drops peers not seen for a lifetime; at most once a minute unless <paramref name="force"/>.</summary>
    public void Sweep(uint now, bool force = false)
    {
        if (!force && now - _lastSweep < SweepEvery)
            return;
        _lastSweep = now;
        foreach (var table in Tables)
        {
            for (var position = table.Count - 1; position >= 0; position--)
            {
                // Removing swaps the last peer (already looked at) into this position.
                if (IsExpired(table.Record(position).LastSeen, now))
                    Remove(table, position);
            }
        }
    }

    /// <summary>Puts back a peer from a snapshot unless it is already here or out of date.</summary>
    public void Restore(ReadOnlySpan<byte> endpoint, in PeerRecord record, bool seeder, uint now)
    {
        var table = endpoint.Length == _ipv4.Stride ? _ipv4 : _ipv6;
        if (IsExpired(record.LastSeen, now) || table.Find(endpoint, record.Identity) >= 0)
            return;
        table.Add(endpoint, record, seeder);
        if (record.Paused)
            _paused++;
    }

    private bool IsExpired(uint lastSeen, uint now) => (long)now - lastSeen > lifetime;

    private AnnounceEffect Upsert(PeerTable table, int position, ReadOnlySpan<byte> endpoint, AnnounceRequest request, uint now)
    {
        // Only a leecher can be a partial seed.
        var paused = request.Event == AnnounceEvent.Paused && !request.IsSeeder;
        if (position < 0)
        {
            var fresh = new PeerRecord { Identity = request.Identity };
            position = table.Add(endpoint, fresh, request.IsSeeder);
        }
        else
        {
            position = table.SetSeeder(position, request.IsSeeder);
        }

        ref var record = ref table.Record(position);
        var completed = request.Event == AnnounceEvent.Completed && request.IsSeeder && !record.Completed;
        var effect = Claim(ref record, request, now, completed);
        _paused += (paused ? 1 : 0) - (record.Paused ? 1 : 0);
        record.PeerId = request.PeerId;
        record.LastSeen = now;
        record.Paused = paused;
        record.Completed |= completed;
        record.Uploaded = request.Uploaded;
        record.Downloaded = request.Downloaded;
        record.UserId = request.UserId;
        return effect;
    }

    /// <summary>The transfer since this peer's last announce, by its own word.</summary>
    private AnnounceEffect Claim(ref PeerRecord record, AnnounceRequest request, uint now, bool completed)
    {
        // The first announce only sets the mark: what was moved before it may have been claimed already.
        if (record.LastSeen == 0 || request.UserId is null || record.UserId != request.UserId)
            return new AnnounceEffect(completed, 0, 0, 0);

        // A lone peer can neither have sent nor received anything; seeders send only to leechers.
        var uploaded = Incomplete - (request.IsSeeder ? 0 : 1) > 0 ? request.Uploaded - record.Uploaded : 0;
        var downloaded = Count > 1 ? request.Downloaded - record.Downloaded : 0;
        return new AnnounceEffect(completed, Math.Max(0, uploaded), Math.Max(0, downloaded), (int)Math.Min(now - record.LastSeen, int.MaxValue));
    }

    private AnnounceReply Choose(AnnounceRequest request, ReadOnlySpan<byte> own, Random random)
    {
        // Who wants nothing more is given only those who do.
        var leechersOnly = request.IsSeeder || request.Event == AnnounceEvent.Paused;
        var (near, far) = request.Endpoint.IsIPv6 ? (_ipv6, _ipv4) : (_ipv4, _ipv6);
        var (nearPeers, nearIds) = Take(near, request.NumWant, own);
        var (farPeers, farIds) = Take(far, request.NumWant - (nearPeers.Length / near.Stride), []);
        var (peers, peers6) = request.Endpoint.IsIPv6 ? (farPeers, nearPeers) : (nearPeers, farPeers);
        var ids = request.Endpoint.IsIPv6 ? (byte[])[.. farIds, .. nearIds] : nearIds.Length + farIds.Length == 0 ? [] : [.. nearIds, .. farIds];
        return new AnnounceReply { Complete = Complete, Incomplete = Incomplete, Peers = peers, Peers6 = peers6, PeerIds = ids };

        (byte[] Endpoints, byte[] Ids) Take(PeerTable table, int wanted, ReadOnlySpan<byte> skip)
        {
            var below = leechersOnly ? table.Leechers : table.Count;
            var count = Math.Min(wanted, below);
            if (count <= 0)
                return ([], []);
            var endpoints = new byte[count * table.Stride];
            var peerIds = request.WithPeerIds ? new byte[count * PeerId.Length] : [];
            var written = table.Sample(random, below, count, skip, endpoints, peerIds);
            if (written < count)
            {
                Array.Resize(ref endpoints, written * table.Stride);
                if (peerIds.Length > 0)
                    Array.Resize(ref peerIds, written * PeerId.Length);
            }

            return (endpoints, peerIds);
        }
    }

    private void Remove(PeerTable table, int position)
    {
        if (table.Record(position).Paused)
            _paused--;
        table.Remove(position);
    }
}
