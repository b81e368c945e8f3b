namespace Pbts.GrainInterfaces.Operations;

/// <summary>What one front end has done since it started.</summary>
/// <param name="Name">Its own, kept over restarts where the operator gives one.</param>
/// <param name="Address">Where it listens.</param>
/// <param name="Served">Announces answered with counts and peers.</param>
/// <param name="PutOff">Announces told to come back: too many at once, too often by one caller, or the swarm out of reach.</param>
/// <param name="Refused">Announces refused, or no announces at all.</param>
/// <param name="Memory">Bytes of its working set.</param>
[GenerateSerializer, Immutable, Alias("pbts.FrontEndFigures")]
public readonly record struct FrontEndFigures(
    [property: Id(0)] string Name,
    [property: Id(1)] string Host,
    [property: Id(2)] string Address,
    [property: Id(3)] DateTimeOffset StartedAt,
    [property: Id(4)] long Served,
    [property: Id(5)] long PutOff,
    [property: Id(6)] long Refused,
    [property: Id(7)] long Memory);
