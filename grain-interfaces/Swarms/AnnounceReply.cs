namespace Pbts.GrainInterfaces.Swarms;

/// <summary>What a swarm answers: counts of the whole swarm and a random choice of other peers.</summary>
[GenerateSerializer, Immutable, Alias("pbts.AnnounceReply")]
public sealed class AnnounceReply
{
    [Id(0)] public int Complete { get; init; }

    [Id(1)] public int Incomplete { get; init; }

    /// <summary>IPv4 peers in compact form, 6 bytes each (BEP 23).</summary>
    [Id(2)] public byte[] Peers { get; init; } = [];

    /// <summary>IPv6 peers in compact form, 18 bytes each (BEP 7).</summary>
    [Id(3)] public byte[] Peers6 { get; init; } = [];

    /// <summary>Peer ids, 20 bytes each, of <see cref="Peers"/> and then <see cref="Peers6"/>; empty unless asked for.</summary>
    [Id(4)] public byte[] PeerIds { get; init; } = [];

    /// <summary>Why there is no answer.</summary>
    [Id(5)] public AnnounceRefusal Refusal { get; init; }

    /// <summary>What the client is told of that; null where it follows from the refusal.</summary>
    [Id(6)] public string? Reason { get; init; }
}
