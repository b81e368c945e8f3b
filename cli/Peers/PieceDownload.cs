using Pbts.Protocol.Receipts;

namespace Pbts.Cli.Peers;

/// <summary>
/// A piece on its way from one peer at a time. One that signs vouchers pays each sender by the block, so that what has come
/// is kept when its sender goes, and somebody else sends the rest; a receipt covers exactly the bytes of a whole piece.
/// </summary>
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

    private readonly Dictionary<MemberKey, long> _senders = [];
    private readonly Block[] _blocks = new Block[(size + PeerMessages.BlockLength - 1) / PeerMessages.BlockLength];
    private int _received;

    /// <summary>Blocks asked for and not received.</summary>
    public int OutstandingCount { get; private set; }

    public int Index { get; } = index;

    /// <summary>Bytes received so far.</summary>
    public int ReceivedBytes { get; private set; }

    public byte[] Data { get; } = new byte[size];

    public bool IsComplete => _received == _blocks.Length;

    /// <summary>Bytes by the keys of those who sent them; blocks of others are not among them.</summary>
    public IReadOnlyDictionary<MemberKey, long> Senders => _senders;

    /// <summary>Whether more than one peer has sent blocks of it.</summary>
    public bool IsMixed { get; private set; }

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
    /// <param name="begin">First byte in the piece.</param>
    /// <param name="data">The bytes.</param>
    /// <param name="sender">Who is paid for it.</param>
    public bool TryReceive(int begin, ReadOnlySpan<byte> data, MemberKey? sender)
    {
        var block = begin / PeerMessages.BlockLength;
        if (begin % PeerMessages.BlockLength != 0 || block >= _blocks.Length || _blocks[block] != Block.Requested || data.Length != At(block).Length)
            return false;
        data.CopyTo(Data.AsSpan(begin));
        _blocks[block] = Block.Received;
        _received++;
        ReceivedBytes += data.Length;
        OutstandingCount--;
        if (sender is { } key)
            _senders[key] = _senders.GetValueOrDefault(key) + data.Length;
        return true;
    }

    /// <summary>Somebody else goes on with it.</summary>
    public void HandOver()
    {
        IsMixed |= ReceivedBytes > 0;
        Forget();
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
