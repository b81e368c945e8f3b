namespace Pbts.Grains.Database;

/// <summary>A database that this program must not use, or must not bring up to date now; the operator can mend it.</summary>
public sealed class SchemaException(string problem) : Exception(problem);
