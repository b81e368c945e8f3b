using System.Buffers.Binary;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Storage;

namespace Pbts.Protocol.Bep10;

/// <summary>
/// An append-only file of receipts added and settled, its owner's only. Survives the end of the process at any byte: a torn last record is
/// dropped when the file is opened. Not for concurrent use.
/// </summary>
/// <remarks>
/// Records of 280 bytes, big endian: kind (1 added, 2 settled), then for an added receipt infohash 20, sender 48, receiver 48,
/// length of the piece hash 1, piece hash left-aligned in 32, index u32, kind of time 1, time u64, signature 96, piece size i64,
/// zeros; for a settled one its id 32 and zeros; at last 8 bytes of SHA-256 over all before.
/// </remarks>
internal sealed class ReceiptJournal : IDisposable
{
    private const int RecordLength = 280;
    private const byte Added = 1;
    private const byte Settled = 2;

    private readonly RecordFile _file;

    private ReceiptJournal(RecordFile file) => _file = file;

    /// <summary>Records in the file, dead ones included.</summary>
    public long Records => _file.Records;

    /// <summary>Opens or creates the file and gives the receipts that were added and not settled, oldest first.</summary>
    public static ReceiptJournal Open(string path, out List<Receipt> live)
    {
        var found = new Dictionary<ReceiptId, (long Position, Receipt Receipt)>();
        var file = RecordFile.Open(path, RecordLength, (content, position) => Apply(content, position, found));
        live = [.. found.Values.OrderBy(f => f.Position).Select(f => f.Receipt)];
        return new ReceiptJournal(file);
    }

    /// <summary>Appends added receipts in one write.</summary>
    public void Add(IReadOnlyCollection<Receipt> receipts) => _file.Append(Encode(receipts));

    /// <summary>Appends in one write that receipts need no further report.</summary>
    public void Settle(IReadOnlyCollection<ReceiptId> ids)
    {
        var records = new byte[ids.Count * RecordLength];
        var position = 0;
        foreach (var id in ids)
        {
            var record = records.AsSpan(position, RecordLength);
            record[0] = Settled;
            id.Span.CopyTo(record[1..]);
            position += RecordLength;
        }
        _file.Append(records);
    }

    /// <summary>Returns when everything appended is on the disk.</summary>
    public void Flush() => _file.Flush();

    /// <summary>Replaces the file by one that holds only the live receipts.</summary>
    public void Compact(IEnumerable<Receipt> live) => _file.Replace(Encode([.. live]));

    public void Dispose() => _file.Dispose();

    private static byte[] Encode(IReadOnlyCollection<Receipt> receipts)
    {
        var records = new byte[receipts.Count * RecordLength];
        var position = 0;
        foreach (var receipt in receipts)
        {
            Write(records.AsSpan(position, RecordLength), receipt);
            position += RecordLength;
        }
        return records;
    }

    private static void Write(Span<byte> record, Receipt receipt)
    {
        record[0] = Added;
        receipt.InfoHash.Span.CopyTo(record[1..]);
        receipt.Sender.Span.CopyTo(record[21..]);
        receipt.Receiver.Span.CopyTo(record[69..]);
        record[117] = receipt.PieceHash.Length;
        receipt.PieceHash.Span.CopyTo(record[118..]);
        BinaryPrimitives.WriteUInt32BigEndian(record[150..], receipt.PieceIndex);
        record[154] = (byte)receipt.Time.Kind;
        BinaryPrimitives.WriteUInt64BigEndian(record[155..], receipt.Time.Value);
        receipt.Signature.Span.CopyTo(record[163..]);
        BinaryPrimitives.WriteInt64BigEndian(record[259..], receipt.PieceSize);
    }

    private static bool Apply(ReadOnlySpan<byte> record, long position, Dictionary<ReceiptId, (long Position, Receipt Receipt)> found)
    {
        if (record[0] == Settled)
        {
            found.Remove(ReceiptId.From(record.Slice(1, ReceiptId.Length)));
            return true;
        }
        if (record[0] != Added || record[117] > 32 || !PieceHash.TryFrom(record.Slice(118, record[117]), out var pieceHash) || record[154] > 1)
            return false;
        var receipt = new Receipt
        {
            InfoHash = InfoHash.From(record.Slice(1, InfoHash.Length)),
            Sender = MemberKey.From(record.Slice(21, MemberKey.Length)),
            Receiver = MemberKey.From(record.Slice(69, MemberKey.Length)),
            PieceHash = pieceHash,
            PieceIndex = BinaryPrimitives.ReadUInt32BigEndian(record[150..]),
            Time = new ReceiptTime((ReceiptTimeKind)record[154], BinaryPrimitives.ReadUInt64BigEndian(record[155..])),
            Signature = ReceiptSignature.From(record.Slice(163, ReceiptSignature.Length)),
            PieceSize = BinaryPrimitives.ReadInt64BigEndian(record[259..]),
        };
        found[receipt.Id] = (position, receipt);
        return true;
    }
}
