namespace Pbts.Experiments;

/// <summary>What became of a measurement.</summary>
internal enum Outcome
{
    Measured,

    /// <summary>It cannot run here, and the reason says why.</summary>
    Skipped,

    /// <summary>It ran and something answered wrongly; its times are thrown away.</summary>
    Failed,
}
