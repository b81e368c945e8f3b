using Pbts.Protocol.Receipts;

namespace Pbts.GrainInterfaces.Swarms;

/// <summary>An announce on its way from a front end to the silo that has the swarm.</summary>
[GenerateSerializer, Immutable, Alias("pbts.ForwardedAnnounce")]
public readonly record struct ForwardedAnnounce([property: Id(0)] InfoHash InfoHash, [property: Id(1)] AnnounceRequest Request);
