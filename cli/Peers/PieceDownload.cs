namespace Pbts.Cli.Peers;

/// <summary>A piece on its way from one peer. A piece comes whole from one peer, so that one receipt covers exactly its bytes.</summary>
/// <param name="index">The piece.</param>
/// <param name="size">Its bytes.</param>
internal sealed class PieceDownload(int index, int size)
{
    private enum Block : byte
    {
        Wanted,
        Requested,
        Received,
    }

    private readonly Block[] _blocks = new Block[(size + PeerMessages.BlockLength - 1) / PeerMessages.BlockLength];
    private int _received;

    /// <summary>Blocks asked for and not received.</summary>
    public int OutstandingCount { get; private set; }

    public int Index { get; } = index;

    /// <summary>Bytes received so far.</summary>
    public int ReceivedBytes { get; private set; }

    public byte[] Data { get; } = new byte[size];

    public bool IsComplete => _received == _blocks.Length;

    public IEnumerable<BlockRequest> Outstanding => Where(Block.Requested);

    /// <summary>Takes the next block to ask for.</summary>
    public bool TryNext(out BlockRequest request)
    {
        var next = Array.IndexOf(_blocks, Block.Wanted);
        request = next < 0 ? default : At(next);
        if (next < 0)
            return false;
        _blocks[next] = Block.Requested;
        OutstandingCount++;
        return true;
    }

    /// <summary>Keeps a block; <c>false</c> when it was not asked for.</summary>
    public bool TryReceive(int begin, ReadOnlySpan<byte> data)
    {
        var block = begin / PeerMessages.BlockLength;
        if (begin % PeerMessages.BlockLength != 0 || block >= _blocks.Length || _blocks[block] != Block.Requested || data.Length != At(block).Length)
            return false;
        data.CopyTo(Data.AsSpan(begin));
        _blocks[block] = Block.Received;
        _received++;
        ReceivedBytes += data.Length;
        OutstandingCount--;
        return true;
    }

    /// <summary>Requests the peer forgot when it choked us are to be made again.</summary>
    public void Forget()
    {
        for (var i = 0; i < _blocks.Length; i++)
            if (_blocks[i] == Block.Requested)
                _blocks[i] = Block.Wanted;
        OutstandingCount = 0;
    }

    private IEnumerable<BlockRequest> Where(Block state)
    {
        for (var i = 0; i < _blocks.Length; i++)
            if (_blocks[i] == state)
                yield return At(i);
    }

    private BlockRequest At(int block) =>
        new(Index, block * PeerMessages.BlockLength, Math.Min(PeerMessages.BlockLength, Data.Length - block * PeerMessages.BlockLength));
}
