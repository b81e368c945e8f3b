using System.Buffers.Binary;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Storage;

namespace Pbts.Peer.Gate;

/// <summary>
/// Which block of one torrent came from whom, until the client says that it has the piece: it has checked the hash then.
/// A block counts once: for whoever sent it first, unless the client asked for it again after that, because the piece was
/// wrong. What came is in a file, since the client has it still when the gate is killed. Thread-safe.
/// </summary>
/// <remarks>
/// Records of 68 bytes, big endian: sender (48, zeros: nobody), piece, begin, length (i32 each), the seal. Length 0: the piece
/// has been counted.
/// </remarks>
internal sealed class BlockLedger : IDisposable
{
    private const int RecordLength = 68;
    private const int CompactAtRecords = 1 << 16;

    /// <summary>Pieces of the largest torrent: its bitfield is 256 KiB.</summary>
    private const int MaxPieces = 1 << 21;

    private readonly Lock _gate = new();
    private readonly BlockBudget _budget;
    private readonly Action<string> _fail;
    private readonly RecordFile _file;
    private readonly Dictionary<int, Dictionary<int, Block>> _pieces = [];
    private readonly HashSet<int> _has = [];
    private long _clock;
    private bool _hasAll;

    /// <param name="budget">How many blocks may be remembered, of all torrents together.</param>
    /// <param name="path">The file.</param>
    /// <param name="fail">Told when the disk does not do its part.</param>
    /// <exception cref="IOException">The file cannot be used.</exception>
    public BlockLedger(BlockBudget budget, string path, Action<string> fail)
    {
        (_budget, _fail) = (budget, fail);
        _file = RecordFile.Open(path, RecordLength, (content, _) => Apply(content));
    }

    /// <summary>A time later than all before: of a request, to be compared with when a block came.</summary>
    public long Now => Interlocked.Increment(ref _clock);

    /// <summary>Notes a block.</summary>
    /// <param name="piece">Its piece.</param>
    /// <param name="begin">Its first byte within.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="sender">Who sent it; <c>null</c> when nobody is paid for it.</param>
    /// <param name="requested">When the client asked for it.</param>
    public void OnBlock(int piece, int begin, int length, MemberKey? sender, long requested)
    {
        lock (_gate)
        {
            if (_hasAll || _has.Contains(piece))
                return;
            var blocks = _pieces.GetValueOrDefault(piece);
            if (blocks?.TryGetValue(begin, out var known) == true ? known.Came > requested : !_budget.TryTake())
                return;
            if (blocks is null)
                _pieces[piece] = blocks = [];
            blocks[begin] = new Block(sender, length, Now);
            Append((piece, begin, length, sender));
        }
    }

    /// <summary>The client has a piece, and gives what of it came from whom.</summary>
    public IReadOnlyCollection<(MemberKey Sender, long Bytes)> OnHave(int piece)
    {
        lock (_gate)
        {
            if (piece is < 0 or >= MaxPieces)
                return [];
            if (!_hasAll)
                _has.Add(piece);
            return Take([piece]);
        }
    }

    /// <summary>The client has all it wants.</summary>
    public IReadOnlyCollection<(MemberKey Sender, long Bytes)> OnHaveAll()
    {
        lock (_gate)
        {
            _hasAll = true;
            _has.Clear();
            return Take([.. _pieces.Keys]);
        }
    }

    /// <summary>What the client has, said anew to its only peer: it may have lost pieces since.</summary>
    /// <param name="bitfield">As in the message: bit 7 of byte 0 is piece 0.</param>
    /// <param name="isAlone">Whether no other connection may have told of more.</param>
    public IReadOnlyCollection<(MemberKey Sender, long Bytes)> OnBitfield(ReadOnlySpan<byte> bitfield, bool isAlone)
    {
        lock (_gate)
        {
            if (isAlone)
            {
                _has.Clear();
                _hasAll = false;
            }

            for (var piece = 0; !_hasAll && piece < Math.Min(bitfield.Length * 8, MaxPieces); piece++)
            {
                if ((bitfield[piece >> 3] & 0x80 >> (piece & 7)) != 0)
                    _has.Add(piece);
            }

            return Take([.. _pieces.Keys.Where(_has.Contains)]);
        }
    }

    /// <summary>Whether blocks of a sender wait for the client to have their pieces.</summary>
    public bool HasUncounted(MemberKey sender)
    {
        lock (_gate)
            return _pieces.Values.Any(blocks => blocks.Values.Any(block => block.Sender == sender));
    }

    /// <summary>Forgets which pieces the client has, for one that begins anew. What came and has not been counted may yet be.</summary>
    public void ForgetPieces()
    {
        lock (_gate)
        {
            _has.Clear();
            _hasAll = false;
        }
    }

    public void Dispose() => _file.Dispose();

    private (MemberKey Sender, long Bytes)[] Take(int[] pieces)
    {
        var sums = new Dictionary<MemberKey, long>();
        foreach (var piece in pieces)
        {
            if (!_pieces.Remove(piece, out var blocks))
                continue;
            _budget.Return(blocks.Count);
            // Before it is signed for: a piece is lost to its senders, where the gate is killed in between, rather than paid for twice.
            Append((piece, 0, 0, null));
            foreach (var block in blocks.Values)
            {
                if (block.Sender is { } sender)
                    sums[sender] = sums.GetValueOrDefault(sender) + block.Length;
            }
        }

        return [.. sums.Select(sum => (sum.Key, sum.Value))];
    }

    private void Append(params ReadOnlySpan<(int Piece, int Begin, int Length, MemberKey? Sender)> blocks)
    {
        try
        {
            _file.Append(Write(blocks));
            if (_file.Records >= CompactAtRecords && _file.Records > 2 * _pieces.Values.Sum(piece => (long)piece.Count))
                _file.Replace(Write([.. _pieces.SelectMany(piece => piece.Value.Select(block => (piece.Key, block.Key, block.Value.Length, block.Value.Sender)))]));
        }
        catch (IOException e)
        {
            _fail($"cannot keep which blocks came from whom: {e.Message}");
        }
    }

    private static byte[] Write(ReadOnlySpan<(int Piece, int Begin, int Length, MemberKey? Sender)> blocks)
    {
        var records = new byte[blocks.Length * RecordLength];
        var rest = records.AsSpan();
        foreach (var (piece, begin, length, sender) in blocks)
        {
            sender?.Span.CopyTo(rest);
            BinaryPrimitives.WriteInt32BigEndian(rest[48..], piece);
            BinaryPrimitives.WriteInt32BigEndian(rest[52..], begin);
            BinaryPrimitives.WriteInt32BigEndian(rest[56..], length);
            rest = rest[RecordLength..];
        }

        return records;
    }

    private bool Apply(ReadOnlySpan<byte> content)
    {
        var (piece, begin, length) = (BinaryPrimitives.ReadInt32BigEndian(content[48..]), BinaryPrimitives.ReadInt32BigEndian(content[52..]), BinaryPrimitives.ReadInt32BigEndian(content[56..]));
        var blocks = _pieces.GetValueOrDefault(piece);
        if (length == 0)
        {
            _pieces.Remove(piece);
            _budget.Return(blocks?.Count ?? 0);
        }
        else if (blocks?.ContainsKey(begin) == true || _budget.TryTake())
        {
            if (blocks is null)
                _pieces[piece] = blocks = [];
            blocks[begin] = new Block(content[..48].ContainsAnyExcept((byte)0) ? MemberKey.From(content[..48]) : null, length, Now);
        }

        return true;
    }

    private readonly record struct Block(MemberKey? Sender, int Length, long Came);
}
