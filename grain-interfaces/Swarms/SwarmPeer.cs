namespace Pbts.GrainInterfaces.Swarms;

/// <summary>A peer of a swarm.</summary>
/// <param name="UserId">The member whose it is; null: nobody's in particular.</param>
/// <param name="IsSeeder">Whether it has everything.</param>
/// <param name="LastSeen">When it announced last, in Unix seconds.</param>
/// <param name="Uploaded">Bytes, by its client's own counter; 0 without a member.</param>
/// <param name="Downloaded">The same.</param>
[GenerateSerializer, Immutable, Alias("pbts.SwarmPeer")]
public readonly record struct SwarmPeer(
    [property: Id(0)] PeerEndpoint Endpoint, [property: Id(1)] PeerId PeerId, [property: Id(2)] string? UserId, [property: Id(3)] bool IsSeeder, [property: Id(4)] uint LastSeen,
    [property: Id(5)] long Uploaded, [property: Id(6)] long Downloaded);
