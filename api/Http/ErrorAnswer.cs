namespace Pbts.Api.Http;

/// <summary>The body of every refusal.</summary>
/// <param name="Success">Always false.</param>
/// <param name="Error">What is wrong, naming the field where there is one.</param>
internal sealed record ErrorAnswer(bool Success, string Error);
