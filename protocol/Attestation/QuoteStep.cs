namespace Pbts.Protocol.Attestation;

/// <summary>How a step of a verification came out.</summary>
public enum StepResult
{
    Passed,
    Failed,

    /// <summary>There was nothing to check against, or an earlier step left nothing to check.</summary>
    Skipped,
}

/// <summary>One step of a verification.</summary>
/// <param name="Name">One of the names in <see cref="QuoteSteps"/>.</param>
/// <param name="Result">How it came out.</param>
/// <param name="Detail">One line: what was found.</param>
public sealed record QuoteStep(string Name, StepResult Result, string Detail);
