namespace Pbts.Protocol.Trust;

/// <summary>Scores of all members, and what they rest on.</summary>
/// <param name="Seeds">Whose voices were followed, by their numbers.</param>
/// <param name="Voices">For each member the voices that ended there (<see cref="TrustWalk.Run"/>).</param>
/// <param name="Full">The voices that make a score of 1.</param>
public sealed record TrustScores(IReadOnlyList<int> Seeds, IReadOnlyList<double> Voices, double Full)
{
    /// <summary>The part of the seeds that has a score of 1: what they received is the measure, for nobody else chooses them.</summary>
    private const double FullSeeds = 0.1;

    /// <summary>
    /// Of what a seed's whole voice brings a member to whom it is handed on: a score of 1 is not less, however little seeds gave
    /// themselves.
    /// </summary>
    private const double LeastFull = 0.01;

    /// <summary>Seeds where nobody marked any, to begin with.</summary>
    private const int FirstSeeds = 10;

    /// <summary>Whoever is reached so well counts among those of whom a tenth are seeds.</summary>
    private const double Reached = 0.01;

    /// <summary>A member's score, 0 to 1.</summary>
    public double Of(int member) => Math.Min(1, Voices[member] / Full);

    /// <summary>Scores by the seeds that the operator marked.</summary>
    public static TrustScores Compute(TrustGraph graph, IReadOnlyList<int> seeds, TrustParameters? parameters = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        var voices = TrustWalk.Run(graph, seeds, parameters, cancellationToken);
        var decay = (parameters ?? TrustParameters.Default).Decay;
        var given = seeds.Select(seed => voices[seed]).Where(ended => ended > 0).OrderDescending().ToArray();
        var best = given.Length == 0 ? 0 : given[(int)(FullSeeds * given.Length)];
        return new(seeds, voices, Math.Max(best, LeastFull * decay * (1 - decay)));
    }

    /// <summary>
    /// Scores by the oldest members, a tenth of those whom their voices reach: first the ten oldest of all who received anything,
    /// then, at most ten times as many in a round, the oldest of those reached. How many there are nobody raises by accounts that
    /// deal among themselves, and an account is no seed for its age alone.
    /// </summary>
    /// <param name="oldest">Those who may be seeds, the oldest first.</param>
    public static TrustScores ComputeByAge(TrustGraph graph, IReadOnlyList<int> oldest, TrustParameters? parameters = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(oldest);
        int[] seeds = [.. oldest.Where(member => graph.SendersTo(member).Length > 0).Take(FirstSeeds)];
        while (true)
        {
            var scores = Compute(graph, seeds, parameters, cancellationToken);
            int[] reached = [.. oldest.Where(member => scores.Of(member) >= Reached)];
            var more = Math.Min(reached.Length / 10, seeds.Length * 10);
            if (more <= seeds.Length)
                return scores;
            seeds = reached[..more];
        }
    }
}
