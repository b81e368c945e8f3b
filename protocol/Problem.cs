namespace Pbts.Protocol;

/// <summary>Why something was not done. Its texts hold no secret; the address of a node, for instance, may contain an access key.</summary>
/// <param name="Kind">Which sort of problem.</param>
/// <param name="Text">One line for people.</param>
/// <param name="Code">An Ethereum node's error code, or the HTTP status; 0 when there is none.</param>
/// <param name="RevertReason">The decoded reason of a revert, when there is one.</param>
public sealed record Problem(ProblemKind Kind, string Text, int Code = 0, string? RevertReason = null)
{
    /// <summary>True when somebody who was asked did not answer the question, so that asking again may help and nothing is known.</summary>
    public bool IsTransient => Kind is ProblemKind.Unreachable or ProblemKind.Timeout or ProblemKind.Http or ProblemKind.TooLarge or ProblemKind.Malformed;

    /// <summary>True when it is about an Ethereum call itself, so that asking again is useless; an overloaded or pruned node answers with errors too.</summary>
    public bool IsVerdict =>
        Kind == ProblemKind.Reverted
        || (Kind == ProblemKind.Node && VerdictWords.Any(words => Text.Contains(words, StringComparison.OrdinalIgnoreCase)));

    private static readonly string[] VerdictWords =
    [
        "gas required exceeds", "out of gas", "outofgas", "EVM error", "invalid opcode", "invalid jump", "stack underflow", "stack overflow", "initcode", "code size", "intrinsic gas",
    ];

    /// <inheritdoc />
    public override string ToString() => Text;
}
