namespace Pbts.Experiments.Output;

/// <summary>Values of one thing at each position of a chart; null where it was not measured.</summary>
/// <param name="Color">Number of its colour.</param>
/// <param name="IsThin">It goes with another line, of the same colour.</param>
internal sealed record Line(string Name, double?[] Values, int Color = 0, bool IsThin = false);
