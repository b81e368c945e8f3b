namespace Pbts.Experiments.Output;

/// <summary>Values of one thing at each position of a chart; null where it was not measured.</summary>
internal sealed record Line(string Name, double?[] Values);
