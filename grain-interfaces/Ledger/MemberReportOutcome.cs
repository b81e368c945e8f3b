namespace Pbts.GrainInterfaces.Ledger;

/// <summary>Who reports.</summary>
public enum ReporterCheck
{
    /// <summary>A member, by its passkey where one was given: the report was processed.</summary>
    Passed,

    /// <summary>Nobody of this name.</summary>
    NotRegistered,

    /// <summary>Somebody whose passkey is another.</summary>
    WrongPasskey,

    /// <summary>A member, but the report was not to be processed.</summary>
    Held,
}

/// <summary>Answer to a member's report.</summary>
/// <param name="Check">Who reports; whatever is not <see cref="ReporterCheck.Passed"/> changed nothing.</param>
/// <param name="Outcome">What became of the report; null unless it was processed.</param>
/// <param name="Uploaded">The member's proven total afterwards, in bytes.</param>
/// <param name="Downloaded">The same for what it got.</param>
[GenerateSerializer, Immutable, Alias("pbts.MemberReportOutcome")]
public sealed record MemberReportOutcome(
    [property: Id(0)] ReporterCheck Check, [property: Id(1)] ReportOutcome? Outcome = null, [property: Id(2)] long Uploaded = 0, [property: Id(3)] long Downloaded = 0);
