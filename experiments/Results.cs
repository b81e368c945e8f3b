namespace Pbts.Experiments;

/// <summary>All of a run, as every kind of output takes it.</summary>
/// <param name="At">When it began, UTC.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record Results(DateTimeOffset At, double Seconds, Settings Settings, Machine Machine, IReadOnlyList<Finding> Findings)
{
    /// <summary>The time as it is part of file names.</summary>
    public string Stamp => At.ToString("yyyyMMdd_HHmmss", System.Globalization.CultureInfo.InvariantCulture);

    public IEnumerable<IGrouping<string, Finding>> Parts => Findings.GroupBy(finding => finding.Part);

    public IEnumerable<Finding> Skipped => Findings.Where(finding => finding.Outcome == Outcome.Skipped);

    public IEnumerable<Finding> Failed => Findings.Where(finding => finding.Outcome == Outcome.Failed);

    public IEnumerable<Finding> Of(string part, string name) => Findings.Where(finding => finding.Part == part && finding.Name == name && finding.Outcome == Outcome.Measured);
}
