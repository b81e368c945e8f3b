namespace Pbts.Api.Administration;

/// <summary>Marks administrators' endpoints that only read and are read all the time: done, they leave no audit line; refused, they do.</summary>
internal sealed class Unaudited;
