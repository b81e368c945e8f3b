namespace Pbts.Protocol.Trust;

/// <summary>
/// Personalised random walks from seeds over who vouches for whom, as their limit and not as samples: the same input gives the
/// same output to the last bit. After MeritRank (Nasrulin, Ishmaev and Pouwelse, BRAINS 2022), with a bound in place of its
/// connectivity decay.
/// </summary>
public static class TrustWalk
{
    /// <summary>Of a seed's voice: what is under way is let go below it.</summary>
    private const double Precision = 1e-12;

    /// <summary>
    /// What comes of the seeds' voices. Each seed has one. Of what a member has, a share (<see cref="TrustParameters.Decay"/>)
    /// ends there and the rest is handed on to those it received from, by the bytes, within <see cref="TrustParameters.Passage"/>.
    /// </summary>
    /// <returns>
    /// For each member the voices that came from others and ended there. For any set of members without a seed the sum is at most
    /// what would come into it if its members signed nothing, whatever they sign and however many they are.
    /// </returns>
    public static double[] Run(TrustGraph graph, IReadOnlyCollection<int> seeds, TrustParameters? parameters = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(seeds);
        var (decay, passage, fullVoice) = parameters is null ? (TrustParameters.Default.Decay, TrustParameters.Default.Passage, TrustParameters.Default.FullVoice)
            : (parameters.Decay, parameters.Passage, parameters.FullVoice);
        if (decay is not (> 0 and < 1) || passage is not > 0 || fullVoice < 1)
            throw new ArgumentOutOfRangeException(nameof(parameters), parameters, "The decay is between 0 and 1, the others are positive.");
        var members = graph.Members;
        var perByte = new double[members];
        for (var member = 0; member < members; member++)
            perByte[member] = (1 - decay) / Math.Max(graph.ReceivedBy(member), fullVoice);
        var (voices, received) = (new double[members], new double[members]);
        foreach (var seed in seeds)
            voices[seed] = 1;
        var start = (double[])voices.Clone();
        // What is still under way shrinks by the decay in each round.
        for (var change = double.MaxValue; change > Precision * seeds.Count;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Array.Clear(received);
            for (var member = 0; member < members; member++)
            {
                var eachByte = (start[member] + Math.Min(voices[member] - start[member], passage)) * perByte[member];
                if (eachByte == 0)
                    continue;
                var senders = graph.SendersTo(member);
                var bytes = graph.BytesTo(member);
                for (var i = 0; i < senders.Length; i++)
                    received[senders[i]] += eachByte * bytes[i];
            }

            change = 0;
            for (var member = 0; member < members; member++)
            {
                var now = start[member] + received[member];
                change += Math.Abs(now - voices[member]);
                voices[member] = now;
            }
        }

        for (var member = 0; member < members; member++)
            received[member] *= decay;
        return received;
    }
}
