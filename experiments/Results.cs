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

    /// <summary>The notes of an experiment, each once, with the measurement it belongs to where that is one.</summary>
    public static IEnumerable<string> Notes(IEnumerable<Finding> part) => part.Where(finding => finding.Note is not null).GroupBy(finding => finding.Note)
        .Select(note => (note.Key, Names: note.Select(finding => finding.Name).Distinct().ToArray()))
        .Select(note => note.Names.Length > 2 ? $"{note.Names[0]} and {note.Names.Length - 1} others: {note.Key}" : $"{string.Join(" and ", note.Names)}: {note.Key}");

    public IEnumerable<Finding> Of(string part, string name) => Findings.Where(finding => finding.Part == part && finding.Name == name && finding.Outcome == Outcome.Measured);
}
