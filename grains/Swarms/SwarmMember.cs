using System.Runtime.CompilerServices;
using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Grains.Swarms;

/// <summary>A member in one swarm: its sessions, and where its few peers are in the tables.</summary>
internal sealed class SwarmMember(string userId)
{
    private Session? _sessions;
    private Seats _ipv4 = Seats.Free;
    private Seats _ipv6 = Seats.Free;

    public string UserId { get; } = userId;

    /// <summary>Until when its seeding has been counted, in milliseconds of this process's clock.</summary>
    public long SeededUntil { get; set; } = long.MinValue;

    public bool IsEmpty => _sessions is null;

    /// <summary>The positions of its peers in the table of this stride; -1 is a free seat.</summary>
    public Span<int> Positions(int stride) => stride == 6 ? (Span<int>)_ipv4 : _ipv6;

    public Session? Find(PeerId peerId)
    {
        var session = _sessions;
        while (session is not null && session.PeerId != peerId)
            session = session.Next;
        return session;
    }

    public Session Open(PeerId peerId) => Find(peerId) ?? (_sessions = new Session(this, peerId) { Next = _sessions });

    public void Close(Session session)
    {
        if (_sessions == session)
        {
            _sessions = session.Next;
            return;
        }

        for (var before = _sessions; before is not null; before = before.Next)
        {
            if (before.Next == session)
                before.Next = session.Next;
        }
    }

    [InlineArray(SwarmRules.PeersPerMember)]
    private struct Seats
    {
        private int _position;

        public static Seats Free
        {
            get
            {
                Seats seats = default;
                ((Span<int>)seats).Fill(-1);
                return seats;
            }
        }
    }
}
