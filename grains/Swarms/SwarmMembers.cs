using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Claims;

namespace Pbts.Grains.Swarms;

/// <summary>The members' accounting of one swarm. Swarms without members have nothing of it but a few bytes.</summary>
internal sealed class SwarmMembers
{
    private Dictionary<string, SwarmMember>? _members;
    private Departures _leechersLeft;
    private Departures _peersLeft;

    /// <summary>Announces so far; what happens in a swarm is ordered by it.</summary>
    public uint Turn { get; set; }

    public ref readonly Departures LeechersLeft => ref _leechersLeft;

    public ref readonly Departures PeersLeft => ref _peersLeft;

    /// <summary>The session of whoever announces, or null.</summary>
    public Session? Find(AnnounceRequest request) => request.UserId is { } user ? Find(user)?.Find(request.PeerId) : null;

    /// <summary>Whether the peer is accounted to the session of this announce.</summary>
    public static bool Owns(in PeerRecord record, AnnounceRequest request) =>
        record.Session is { } session && session.PeerId == request.PeerId && session.Member.UserId == request.UserId;

    /// <summary>Whether the member has a peer here.</summary>
    public bool Has(string userId) => Find(userId) is not null;

    public bool HasSeat(string userId, PeerTable table) => Find(userId) is not { } member || member.Positions(table.Stride).Contains(-1);

    /// <summary>The member's peer that has to go before one more may come: the one not seen for longest; -1 when there is room, or when this peer is the member's already.</summary>
    public int FindOldest(string userId, PeerTable table, int position)
    {
        if (HasSeat(userId, table))
            return -1;
        ReadOnlySpan<int> positions = Find(userId)!.Positions(table.Stride);
        if (positions.Contains(position))
            return -1;
        var oldest = positions[0];
        foreach (var other in positions)
        {
            if (table.Record(other).LastSeen < table.Record(oldest).LastSeen)
                oldest = other;
        }

        return oldest;
    }

    /// <summary>Accounts the peer to whoever announces it. An announce of nobody in particular leaves it as it is.</summary>
    /// <returns>The session of this announce; null when it has none.</returns>
    public Session? Attach(PeerTable table, int position, AnnounceRequest request)
    {
        ref var record = ref table.Record(position);
        if (request.UserId is not { } user)
            return null;
        if (Owns(record, request))
            return record.Session;
        // Whose transfer the client has counted since the last announce, nobody can tell.
        if (record.Session is { } other && other.Member.UserId != user)
            other.Forget();
        Detach(table, position);
        return Seat(table, position, user, request.PeerId);
    }

    public void Restore(PeerTable table, int position, RestoredSession restored, Moment now)
    {
        var session = Seat(table, position, restored.UserId, table.Record(position).PeerId);
        var ago = Math.Max(0, (long)now.Unix - table.Record(position).LastSeen);
        session.Restore(restored.Mark, now.Milliseconds - (ago * 1000), table.Record(position).Role == PeerRole.Seeder, restored.CouldSend, restored.CouldGet);
    }

    /// <summary>Accounts the peer to nobody.</summary>
    public void Detach(PeerTable table, int position)
    {
        ref var record = ref table.Record(position);
        if (record.Session is not { } session)
            return;
        Count(session, table.RoleAt(position), -1);
        record.Session = null;
        var member = session.Member;
        var positions = member.Positions(table.Stride);
        positions[positions.IndexOf(position)] = -1;
        if (--session.Peers > 0)
            return;
        member.Close(session);
        if (member.IsEmpty)
            _members!.Remove(member.UserId);
    }

    /// <summary>A peer of this session takes another role: the session's own are no others, and who is gone was there until now.</summary>
    public void Note(Session? session, PeerRole from, PeerRole to)
    {
        if (from == to)
            return;
        if (from <= PeerRole.PartialSeed && to > PeerRole.PartialSeed)
            _leechersLeft.Note(session, Turn);
        if (to == PeerRole.Silent)
            _peersLeft.Note(session, Turn);
        if (session is null)
            return;
        Count(session, from, -1);
        Count(session, to, 1);
    }

    private SwarmMember? Find(string userId) => _members is not null && _members.TryGetValue(userId, out var member) ? member : null;

    private Session Seat(PeerTable table, int position, string userId, PeerId peerId)
    {
        var member = Find(userId);
        if (member is null)
            (_members ??= []).Add(userId, member = new SwarmMember(userId));
        var session = member.Open(peerId);
        session.Peers++;
        Count(session, table.RoleAt(position), 1);
        var positions = member.Positions(table.Stride);
        positions[positions.IndexOf(-1)] = position;
        table.Record(position).Session = session;
        return session;
    }

    private static void Count(Session session, PeerRole role, int by)
    {
        session.Listed += role < PeerRole.Silent ? by : 0;
        session.Incomplete += role <= PeerRole.PartialSeed ? by : 0;
    }
}

/// <summary>What a snapshot knows of a session.</summary>
/// <param name="Mark">The client's counters at its last announce.</param>
internal sealed record RestoredSession(string UserId, Counters Mark, bool CouldSend, bool CouldGet);
