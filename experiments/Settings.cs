namespace Pbts.Experiments;

/// <summary>What to measure, and with what.</summary>
internal sealed record Settings
{
    /// <summary>Most samples of a measurement.</summary>
    public required int Iterations { get; init; }

    /// <summary>Seconds for which the throughput of an operation is measured, over all numbers of threads.</summary>
    public required int Duration { get; init; }

    /// <summary>The folder for the results.</summary>
    public required string Output { get; init; }

    /// <summary>The experiments to run, by name; empty: all.</summary>
    public IReadOnlyCollection<string> Only { get; init; } = [];

    /// <summary>Small sizes and few samples: whether it works, not how fast it is.</summary>
    public bool Quick { get; init; }

    /// <summary>A running tracker; null: <see cref="NoTracker"/> says why there is none.</summary>
    public Uri? Tracker { get; init; }

    public string NoTracker { get; init; } = "no tracker: give --tracker-url, or start with ./pbts experiments, which brings its own";

    /// <summary>A chain of one's own to spend gas on.</summary>
    public Uri? Chain { get; init; }

    public string NoChain { get; init; } = "no chain: start with ./pbts experiments, which brings its own";

    /// <summary>Results of real transfers (<c>./pbts bench transfer --json FILE</c>).</summary>
    public string? Transfers { get; init; }

    public string NoTransfers { get; init; } = "no results of real transfers: ./pbts bench transfer --json FILE makes them";

    /// <summary>The dstack agent: a socket or URL; empty: where it usually is.</summary>
    public string Agent { get; init; } = "";

    /// <summary>Fewest samples of a measurement, however long they take: with fewer there is no 95th percentile.</summary>
    public int Fewest => Math.Min(Iterations, Quick ? 2 : 20);

    /// <summary>No measurement takes longer once it has <see cref="Fewest"/> samples.</summary>
    public TimeSpan Budget => TimeSpan.FromSeconds(Quick ? 1 : 6);

    public int[] BatchSizes => Quick ? [10, 25, 50] : [10, 25, 50, 100, 500];

    public int[] Reporters => Quick ? [10, 50] : [10, 50, 100, 200, 500];

    /// <summary>Rounds with each number of reporters.</summary>
    public int Rounds => Quick ? 1 : 3;

    public int[] Swarms => Quick ? [100, 1000] : [100, 1000, 5000, 10_000];

    public static int[] Threads => [1, 2, 4, 8];

    /// <summary>Whether one of these experiments was asked for.</summary>
    public bool Wants(params string[] experiments) => Only.Count == 0 || Only.Intersect(experiments).Any();

    /// <summary>Users on the contract.</summary>
    public int Users => Quick ? 10 : 100;
}
