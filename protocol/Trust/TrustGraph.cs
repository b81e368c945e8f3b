namespace Pbts.Protocol.Trust;

/// <summary>Who received how much from whom, in rows by receiver: 12 bytes an edge.</summary>
public sealed class TrustGraph
{
    private readonly int[] _first;
    private readonly int[] _senders;
    private readonly long[] _bytes;

    /// <summary>Of edges in any order; those of one pair add up, those of a member with itself and without bytes are none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An edge names a member that there is not.</exception>
    public TrustGraph(int members, IReadOnlyList<TrustEdge> edges)
    {
        ArgumentNullException.ThrowIfNull(edges);
        ArgumentOutOfRangeException.ThrowIfNegative(members);
        _first = new int[members + 1];
        for (var i = 0; i < edges.Count; i++)
        {
            var edge = edges[i];
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)edge.Receiver, (uint)members, nameof(edges));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)edge.Sender, (uint)members, nameof(edges));
            if (Counts(edge))
                _first[edge.Receiver + 1]++;
        }

        for (var member = 0; member < members; member++)
            _first[member + 1] += _first[member];
        _senders = new int[_first[members]];
        _bytes = new long[_senders.Length];
        var next = _first.AsSpan(0, members).ToArray();
        for (var i = 0; i < edges.Count; i++)
        {
            var edge = edges[i];
            if (!Counts(edge))
                continue;
            var at = next[edge.Receiver]++;
            (_senders[at], _bytes[at]) = (edge.Sender, edge.Bytes);
        }

        // One order, whatever the edges came in: sums of floating-point numbers depend on it.
        for (var member = 0; member < members; member++)
            Array.Sort(_senders, _bytes, _first[member], next[member] - _first[member]);

        static bool Counts(TrustEdge edge) => edge.Bytes > 0 && edge.Receiver != edge.Sender;
    }

    /// <summary>How many members there are.</summary>
    public int Members => _first.Length - 1;

    /// <summary>How many edges there are.</summary>
    public int Edges => _senders.Length;

    /// <summary>From whom a member received.</summary>
    internal ReadOnlySpan<int> SendersTo(int receiver) => _senders.AsSpan(_first[receiver].._first[receiver + 1]);

    /// <summary>And how many bytes each time.</summary>
    internal ReadOnlySpan<long> BytesTo(int receiver) => _bytes.AsSpan(_first[receiver].._first[receiver + 1]);

    /// <summary>What a member received from all, in bytes.</summary>
    internal double ReceivedBy(int receiver)
    {
        var sum = 0.0;
        foreach (var bytes in BytesTo(receiver))
            sum += bytes;
        return sum;
    }
}
