namespace Pbts.Experiments;

/// <summary>One measurement: samples, or a figure computed from samples, or why there is neither.</summary>
internal sealed record Finding
{
    private readonly Lazy<Summary?> _summary;

    public Finding() => _summary = new(() => Samples is { Length: > 0 } samples ? Experiments.Summary.Of(samples) : null);

    private Finding(Finding other)
    {
        (Part, Name, Size, SizeUnit, Unit, Samples, Value, Note, Outcome, Reason) =
            (other.Part, other.Name, other.Size, other.SizeUnit, other.Unit, other.Samples, other.Value, other.Note, other.Outcome, other.Reason);
        _summary = new(() => Samples is { Length: > 0 } samples ? Experiments.Summary.Of(samples) : null);
    }

    /// <summary>The experiment it belongs to.</summary>
    public required string Part { get; init; }

    /// <summary>What was measured.</summary>
    public required string Name { get; init; }

    /// <summary>How many of <see cref="SizeUnit"/> it was measured with; null when there is nothing to vary.</summary>
    public double? Size { get; init; }

    public string SizeUnit { get; init; } = "";

    /// <summary>Unit of the samples or the figure.</summary>
    public string Unit { get; init; } = "ms";

    /// <summary>Every single measurement, in the order they were taken.</summary>
    public double[]? Samples { get; init; }

    /// <summary>A figure that is computed and not sampled.</summary>
    public double? Value { get; init; }

    /// <summary>What one should know to read it right.</summary>
    public string? Note { get; init; }

    public Outcome Outcome { get; init; }

    /// <summary>Why it was skipped, or how it failed.</summary>
    public string? Reason { get; init; }

    public Summary? Summary => _summary.Value;

    /// <summary>The median of the samples, or the figure.</summary>
    public double? Typical => Summary?.Median ?? Value;

    /// <summary>The name with the size.</summary>
    public string Title => Size is { } size ? $"{Name}, {Format.Number(size)} {SizeUnit}" : Name;
}
