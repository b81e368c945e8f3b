namespace Pbts.Protocol.Proofs;

/// <summary>Builds the tree of all members' totals from leaves that come one by one; keeps one chunk of them and a node a level.</summary>
/// <param name="write">Is given each chunk: its number, its first member, its node and its leaves' bytes, which it has to be done with when it is.</param>
public sealed class AnchorTree(Func<int, long, SumNode, ReadOnlyMemory<byte>, Task> write)
{
    private readonly byte[] _chunk = new byte[AnchorLeaf.ChunkLength * AnchorLeaf.Size];
    private readonly SumTree _top = new();
    private SumTree _bottom = new();
    private long _first;
    private int _chunks;

    /// <summary>Members so far.</summary>
    public long Members { get; private set; }

    /// <summary>Adds the next member.</summary>
    /// <exception cref="OverflowException">The totals do not fit into 64 bits.</exception>
    public Task AddAsync(AnchorLeaf leaf)
    {
        if (_bottom.Count == 0)
            _first = leaf.Member;
        leaf.Write(_chunk.AsSpan((int)_bottom.Count * AnchorLeaf.Size));
        _bottom.Add(leaf.Node);
        Members++;
        return _bottom.Count == AnchorLeaf.ChunkLength ? EndChunkAsync() : Task.CompletedTask;
    }

    /// <summary>The root, of at least one member.</summary>
    /// <exception cref="OverflowException">The totals do not fit into 64 bits.</exception>
    public async Task<SumNode> FinishAsync()
    {
        if (_bottom.Count > 0)
            await EndChunkAsync().ConfigureAwait(false);
        return _top.Finish(AnchorLeaf.ChunkLevel);
    }

    private async Task EndChunkAsync()
    {
        var length = (int)_bottom.Count;
        // All chunks but a single one are of the same height.
        while (_chunks > 0 && _bottom.Count < AnchorLeaf.ChunkLength)
            _bottom.Add(SumNode.Padding);
        var node = _bottom.Finish();
        _top.Add(node);
        _bottom = new();
        await write(_chunks++, _first, node, _chunk.AsMemory(0, length * AnchorLeaf.Size)).ConfigureAwait(false);
    }
}
