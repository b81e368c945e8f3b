namespace Pbts.Api.Administration;

/// <summary>Marks administrators' endpoints that a token of less may call too.</summary>
/// <param name="Scope">The scope.</param>
internal sealed record NeedsScope(string Scope);
