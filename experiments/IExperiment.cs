namespace Pbts.Experiments;

/// <summary>One experiment.</summary>
internal interface IExperiment
{
    /// <summary>The name for <c>--only</c>.</summary>
    string Name { get; }

    /// <summary>What it measures, in a sentence.</summary>
    string Description { get; }

    /// <summary>About how long it takes, for the time that is left.</summary>
    double ExpectedSeconds(Settings settings);

    Task RunAsync(ExperimentRun run);
}
