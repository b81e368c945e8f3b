namespace Pbts.GrainInterfaces.Operations;

/// <summary>What one silo holds at this moment.</summary>
[GenerateSerializer, Immutable, Alias("pbts.SiloFigures")]
public readonly record struct SiloFigures([property: Id(0)] long Swarms, [property: Id(1)] long Peers);
