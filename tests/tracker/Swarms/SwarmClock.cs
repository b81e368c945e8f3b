using System.Net;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Swarms;

namespace Pbts.Tracker.Tests.Swarms;

/// <summary>A swarm, a clock, and announces in short.</summary>
internal sealed class SwarmClock(SwarmRules rules)
{
    public Swarm Swarm { get; set; } = new(rules);

    public long Seconds { get; set; } = 10_000;

    /// <summary>How much the clock on the wall is ahead of the one that nobody sets.</summary>
    public long Ahead { get; set; }

    public Moment Now => new((uint)(Seconds + Ahead), Seconds * 1000);

    public AnnounceReply Reply { get; private set; } = null!;

    /// <summary>Announces, a second after what came before.</summary>
    /// <returns>What counts as uploaded and downloaded.</returns>
    public (long Uploaded, long Downloaded) Announce(
        string address, int port, long left, string? user = null, long up = 0, long down = 0, AnnounceEvent kind = AnnounceEvent.None,
        ulong? key = null, int id = 0, int wanted = 50)
    {
        Seconds++;
        Reply = Swarm.Announce(Request(address, port, left, user, up, down, kind, key, id, wanted), Now, Random.Shared, out var effect);
        Completed = effect.Completed;
        return (effect.Uploaded, effect.Downloaded);
    }

    public bool Completed { get; private set; }

    /// <summary>The ports of the last answer, in order.</summary>
    public int[] Ports => [.. Reply.Peers.Chunk(6).Concat(Reply.Peers6.Chunk(18)).Select(peer => (peer[^2] << 8) | peer[^1]).Order()];

    /// <summary>Puts the swarm away and takes it up again.</summary>
    public void HandOver()
    {
        var snapshot = SwarmSnapshot.Write(Swarm);
        Swarm = new(rules);
        Assert.True(SwarmSnapshot.Read(snapshot, Swarm, Now));
    }

    public static AnnounceRequest Request(
        string address, int port, long left, string? user = null, long up = 0, long down = 0, AnnounceEvent kind = AnnounceEvent.None,
        ulong? key = null, int id = 0, int wanted = 50) => new()
        {
            Endpoint = new PeerEndpoint(IPAddress.Parse(address), (ushort)port),
            PeerId = new PeerId((ulong)(id == 0 ? port : id), 1, 2),
            Identity = key ?? (ulong)port * 7919,
            Event = kind,
            Left = left,
            Uploaded = up,
            Downloaded = down,
            NumWant = wanted,
            UserId = user,
        };
}
