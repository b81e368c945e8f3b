namespace Pbts.GrainInterfaces.Operations;

/// <summary>What a front end said last.</summary>
/// <param name="Age">How long ago that was.</param>
[GenerateSerializer, Immutable, Alias("pbts.FrontEndReport")]
public readonly record struct FrontEndReport([property: Id(0)] FrontEndFigures Figures, [property: Id(1)] TimeSpan Age);
