namespace Pbts.Protocol.Attestation;

/// <summary>What became of a verification.</summary>
/// <param name="Quote">The quote, once it could be read. Its contents mean nothing unless the verdict is good.</param>
/// <param name="Steps">Every step taken, in order.</param>
/// <param name="Tcb">The platform's status.</param>
/// <param name="Advisories">Intel's advisories behind the status.</param>
public sealed record QuoteVerdict(Quote? Quote, IReadOnlyList<QuoteStep> Steps, TcbStatus Tcb, IReadOnlyList<string> Advisories)
{
    /// <summary>Whether no step failed.</summary>
    public bool IsValid => Steps.All(step => step.Result != StepResult.Failed);

    /// <summary>The first step that failed; null when the verdict is good.</summary>
    public QuoteStep? FirstFailure => Steps.FirstOrDefault(step => step.Result == StepResult.Failed);

    /// <summary>The same with further steps.</summary>
    public QuoteVerdict With(params IEnumerable<QuoteStep> more) => this with { Steps = [.. Steps, .. more] };
}
