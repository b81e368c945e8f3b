namespace Pbts.Protocol.Trust;

/// <summary>Communities of a graph by modularity, level by level: each member goes where it belongs most, then each community as a whole.</summary>
internal sealed class TrustCommunities
{
    /// <summary>Rounds of a level: what still moves after so many moves to and fro.</summary>
    private const int MostRounds = 20;

    /// <summary>
    /// A community whose inner weight is so many times that over its border joins no other: small ones, compared with all there is,
    /// always seem close to a large one.
    /// </summary>
    private const double Apart = 20;

    private readonly int[] _first;
    private readonly int[] _others;
    private readonly double[] _weights;
    private readonly double[] _inner;
    private readonly double[] _border;

    private TrustCommunities(int nodes, IEnumerable<(int One, int Other, double Weight)> edges, double[] inner)
    {
        (_first, _inner, _border) = (new int[nodes + 1], inner, new double[nodes]);
        foreach (var (one, other, weight) in edges)
        {
            _first[one + 1]++;
            _first[other + 1]++;
            _border[one] += weight;
            _border[other] += weight;
        }

        for (var node = 0; node < nodes; node++)
            _first[node + 1] += _first[node];
        (_others, _weights) = (new int[_first[nodes]], new double[_first[nodes]]);
        var next = _first.AsSpan(0, nodes).ToArray();
        foreach (var (one, other, weight) in edges)
        {
            (_others[next[one]], _weights[next[one]++]) = (other, weight);
            (_others[next[other]], _weights[next[other]++]) = (one, weight);
        }
    }

    private int Nodes => _inner.Length;

    /// <summary>The community of each member, by a number.</summary>
    public static int[] Of(TrustGraph graph, CancellationToken cancellationToken)
    {
        var community = Enumerable.Range(0, graph.Members).ToArray();
        var level = new TrustCommunities(graph.Members, Edges(graph), new double[graph.Members]);
        while (true)
        {
            var found = level.Move(cancellationToken);
            var number = found.Distinct().Order().Select((one, i) => (one, i)).ToDictionary(pair => pair.one, pair => pair.i);
            for (var member = 0; member < community.Length; member++)
                community[member] = number[found[community[member]]];
            if (number.Count == level.Nodes)
                return community;
            level = level.Merge([.. found.Select(one => number[one])], number.Count);
        }
    }

    private static IEnumerable<(int, int, double)> Edges(TrustGraph graph)
    {
        for (var receiver = 0; receiver < graph.Members; receiver++)
        {
            var (senders, bytes) = (graph.SendersTo(receiver).ToArray(), graph.BytesTo(receiver).ToArray());
            for (var i = 0; i < senders.Length; i++)
                yield return (receiver, senders[i], bytes[i]);
        }
    }

    private int[] Move(CancellationToken cancellationToken)
    {
        var community = Enumerable.Range(0, Nodes).ToArray();
        var degree = Enumerable.Range(0, Nodes).Select(node => (2 * _inner[node]) + _border[node]).ToArray();
        var (total, all) = ((double[])degree.Clone(), degree.Sum());
        var (links, near) = (new double[Nodes], new List<int>());
        for (var (round, moved) = (0, int.MaxValue); round < MostRounds && moved > Nodes / 1000; round++)
        {
            moved = 0;
            for (var node = 0; node < Nodes; node++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (_inner[node] >= Apart * _border[node] || _first[node] == _first[node + 1])
                    continue;
                near.Clear();
                for (var i = _first[node]; i < _first[node + 1]; i++)
                {
                    if (_inner[_others[i]] >= Apart * _border[_others[i]])
                        continue;
                    var other = community[_others[i]];
                    if (links[other] == 0)
                        near.Add(other);
                    links[other] += _weights[i];
                }

                var from = community[node];
                total[from] -= degree[node];
                var (best, most) = (from, links[from] - (degree[node] * total[from] / all));
                foreach (var other in near)
                {
                    var gain = links[other] - (degree[node] * total[other] / all);
                    if (gain > most * (1 + 1e-9) + 1e-9)
                        (best, most) = (other, gain);
                }

                foreach (var other in near)
                    links[other] = 0;
                total[best] += degree[node];
                community[node] = best;
                moved += best == from ? 0 : 1;
            }
        }

        return community;
    }

    private TrustCommunities Merge(int[] community, int communities)
    {
        var inner = new double[communities];
        var between = new Dictionary<(int, int), double>();
        for (var node = 0; node < Nodes; node++)
        {
            inner[community[node]] += _inner[node];
            for (var i = _first[node]; i < _first[node + 1]; i++)
            {
                // Each edge is there from both ends.
                var (one, other) = (community[node], community[_others[i]]);
                if (one == other)
                    inner[one] += _weights[i] / 2;
                else if (one < other)
                    between[(one, other)] = between.GetValueOrDefault((one, other)) + _weights[i];
            }
        }

        return new(communities, between.OrderBy(pair => pair.Key).Select(pair => (pair.Key.Item1, pair.Key.Item2, pair.Value)).ToArray(), inner);
    }
}
