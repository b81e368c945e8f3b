using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Claims;

namespace Pbts.Grains.Swarms;

/// <summary>
/// The peers of one torrent and what an announce does to them. Not thread safe: its grain is the only caller.
/// </summary>
internal sealed class Swarm(SwarmRules rules)
{
    /// <summary>How often, in milliseconds, all peers are looked through.</summary>
    private const int SweepEvery = 60_000;

    /// <summary>Peers looked at before others have their turn.</summary>
    private const int Slice = 1024;

    private readonly PeerTable _ipv4 = new(6, rules);

    // Most swarms have peers of one family and no members: the rest comes when it is needed.
    private PeerTable? _ipv6;
    private SwarmMembers? _members;
    private long _nextSweep;
    private bool _sweeping;

    public int Complete => _ipv4.Seeders + (_ipv6?.Seeders ?? 0);

    public int Incomplete => _ipv4.Incomplete + (_ipv6?.Incomplete ?? 0);

    /// <summary>Incomplete peers that are downloading: without partial seeds (BEP 21).</summary>
    public int Downloaders => _ipv4.Leechers + (_ipv6?.Leechers ?? 0);

    public int Count => _ipv4.Count + (_ipv6?.Count ?? 0);

    internal IEnumerable<PeerTable> Tables => _ipv6 is null ? [_ipv4] : [_ipv4, _ipv6];

    /// <summary>Takes the announce in and answers it.</summary>
    /// <param name="effect">What has to be recorded outside the swarm.</param>
    public AnnounceReply Announce(AnnounceRequest request, Moment now, Random random, out AnnounceEffect effect)
    {
        if (request.UserId is not null)
            _members ??= new();
        if (_members is not null)
            _members.Turn++;
        Sweep(now);
        Span<byte> endpoint = stackalloc byte[request.Endpoint.CompactLength];
        request.Endpoint.WriteCompact(endpoint);
        var table = request.Endpoint.IsIPv6 ? _ipv6 ??= new(18, rules) : _ipv4;

        if (request.Event == AnnounceEvent.Stopped)
        {
            effect = _members?.Find(request) is { } session ? Claim(session, request, now, completed: false) : default;
            if (table.Find(endpoint, request.Identity) is >= 0 and var leaving)
                Remove(table, leaving);
            effect = effect with { IsActive = request.UserId is { } user && _members!.Has(user) };
            return new AnnounceReply { Complete = Complete, Incomplete = Incomplete };
        }

        effect = Take(table, endpoint, request, now);
        return Choose(request, endpoint, random);
    }

    /// <summary>Whether it is time to look through the peers, or that has not ended yet.</summary>
    public bool IsSweepDue(Moment now) => _sweeping || now.Milliseconds >= _nextSweep;

    /// <summary>Drops a number of peers not seen for a lifetime, once a minute all of them bit by bit.</summary>
    /// <returns>Whether there are more to look at.</returns>
    public bool Sweep(Moment now)
    {
        if (!IsSweepDue(now))
            return false;
        if (_members is not null)
            _members.Turn++;
        if (!_sweeping)
        {
            _ipv4.BeginSweep();
            _ipv6?.BeginSweep();
            _nextSweep = now.Milliseconds + SweepEvery;
        }

        var left = Slice;
        return _sweeping = !(SweepSlice(_ipv4, now.Unix, ref left) && (_ipv6 is null || SweepSlice(_ipv6, now.Unix, ref left)));
    }

    /// <summary>Drops every peer not seen for a lifetime.</summary>
    public void SweepAll(Moment now)
    {
        (_sweeping, _nextSweep) = (false, 0);
        while (Sweep(now))
        {
        }
    }

    /// <summary>Puts back a peer from a snapshot unless it is already here or out of date.</summary>
    public void Restore(ReadOnlySpan<byte> endpoint, PeerRecord record, RestoredSession? session, Moment now)
    {
        var table = endpoint.Length == _ipv4.Stride ? _ipv4 : _ipv6 ??= new(18, rules);
        if (IsExpired(record.LastSeen, now.Unix) || table.Find(endpoint, record.Identity) >= 0 || table.FindCrowded(endpoint) >= 0)
            return;
        var position = table.Add(endpoint, record);
        if (session is not null && (_members ??= new()).HasSeat(session.UserId, table))
            _members.Restore(table, position, session, now);
        if (table.FindSpeaker(position) < 0)
            Place(table, position, record.Role);
    }

    /// <summary>Whether there has been somebody else to send to since the session's last announce.</summary>
    public bool CouldSend(Session session) => Incomplete > session.Incomplete || _members!.LeechersLeft.Since(session) || session.CouldSend;

    /// <summary>Whether there has been somebody else to get from since the session's last announce.</summary>
    public bool CouldGet(Session session) => Count > session.Listed || _members!.PeersLeft.Since(session) || session.CouldGet;

    private bool IsExpired(uint lastSeen, uint now) => (long)now - lastSeen > rules.Lifetime;

    private bool SweepSlice(PeerTable table, uint now, ref int left)
    {
        while (left-- > 0)
        {
            var position = table.NextUnswept();
            if (position < 0)
                return true;
            if (IsExpired(table.Record(position).LastSeen, now))
                Remove(table, position);
        }

        return false;
    }

    private AnnounceEffect Take(PeerTable table, ReadOnlySpan<byte> endpoint, AnnounceRequest request, Moment now)
    {
        var position = table.Find(endpoint, request.Identity);
        var unseen = position < 0;
        if (request.UserId is not null && _members is not null && !(position >= 0 && SwarmMembers.Owns(table.Record(position), request)))
        {
            // What goes to make room moves others.
            if (_members.FindOldest(request.UserId, table, position) is >= 0 and var oldest)
                Remove(table, oldest);
            position = table.Find(endpoint, request.Identity);
        }

        if (position < 0)
        {
            if (table.FindCrowded(endpoint) is >= 0 and var crowded)
                Remove(table, crowded);
            position = table.Add(endpoint, new PeerRecord { Identity = request.Identity });
        }

        var role = request.IsSeeder ? PeerRole.Seeder : request.Event == AnnounceEvent.Paused ? PeerRole.PartialSeed : PeerRole.Leecher;
        if (table.FindSpeaker(position) is >= 0 and var speaker)
        {
            Place(table, speaker, PeerRole.Silent);
            position = table.Find(endpoint, request.Identity);
        }

        var session = _members?.Attach(table, position, request);
        position = Place(table, position, role);

        ref var record = ref table.Record(position);
        var completed = request.Event == AnnounceEvent.Completed && request.IsSeeder && !record.Completed && (unseen || record.SeenIncomplete);
        record.PeerId = request.PeerId;
        record.LastSeen = now.Unix;
        record.Role = role;
        record.SeenIncomplete |= !request.IsSeeder;
        record.Completed |= completed;
        return session is null ? default(AnnounceEffect) with { Completed = completed } : Claim(session, request, now, completed);
    }

    /// <summary>The transfer since this session's last announce, by its own word.</summary>
    private AnnounceEffect Claim(Session session, AnnounceRequest request, Moment now, bool completed)
    {
        var (from, to) = (session.Mark, new Counters(request.Uploaded, request.Downloaded));
        var seeded = session.Seed(request.IsSeeder, now.Milliseconds);
        var (uploaded, downloaded) = session.Claim(
            to, request.Event == AnnounceEvent.Started, CouldSend(session), CouldGet(session), now.Milliseconds, _members!.Turn, rules.BytesPerSecond);
        return new AnnounceEffect(completed, uploaded, downloaded, from, to, seeded, IsActive: true);
    }

    private AnnounceReply Choose(AnnounceRequest request, ReadOnlySpan<byte> own, Random random)
    {
        // Who wants nothing more is given only those who do.
        var leechersOnly = request.IsSeeder || request.Event == AnnounceEvent.Paused;
        var (near, far) = request.Endpoint.IsIPv6 ? (_ipv6, _ipv4) : (_ipv4, _ipv6);
        var (nearPeers, nearIds) = Draw(near, request.NumWant, own);
        var (farPeers, farIds) = Draw(far, request.NumWant - (nearPeers.Length / own.Length), []);
        var (peers, peers6) = request.Endpoint.IsIPv6 ? (farPeers, nearPeers) : (nearPeers, farPeers);
        var ids = request.Endpoint.IsIPv6 ? (byte[])[.. farIds, .. nearIds] : nearIds.Length + farIds.Length == 0 ? [] : [.. nearIds, .. farIds];
        return new AnnounceReply { Complete = Complete, Incomplete = Incomplete, Peers = peers, Peers6 = peers6, PeerIds = ids };

        (byte[] Endpoints, byte[] Ids) Draw(PeerTable? table, int wanted, ReadOnlySpan<byte> skip)
        {
            if (table is null)
                return ([], []);
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

    private int Place(PeerTable table, int position, PeerRole to)
    {
        _members?.Note(table.Record(position).Session, table.RoleAt(position), to);
        return table.Move(position, to);
    }

    private void Remove(PeerTable table, int position)
    {
        Span<byte> endpoint = stackalloc byte[table.Stride];
        table.Endpoint(position).CopyTo(endpoint);
        position = Place(table, position, PeerRole.Silent);
        var alone = table.Record(position).Next == position;
        _members?.Detach(table, position);
        table.Remove(position);
        if (!alone && table.FindHeir(endpoint) is >= 0 and var heir && table.FindSpeaker(heir) < 0)
            Place(table, heir, table.Record(heir).Role);
    }
}
