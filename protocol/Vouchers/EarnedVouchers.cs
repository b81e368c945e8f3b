using System.Buffers.Binary;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Storage;

namespace Pbts.Protocol.Vouchers;

/// <summary>
/// The sender's side: the newest voucher of each session, until the tracker has credited it, and beyond that of each
/// receiver's latest session, so that a lower one is known when it comes. With a file, still there after a restart.
/// Thread-safe.
/// </summary>
/// <remarks>
/// Records of 320 bytes, big endian: kind (1 voucher, 2 settled); the 204 signed bytes; signature (96); for a settled one the
/// bytes that need no further report (i64); zeros; the seal.
/// </remarks>
public sealed class EarnedVouchers : IDisposable
{
    /// <summary>Sessions kept at most; vouchers of further ones are not taken until some are settled.</summary>
    public const int Capacity = 100_000;

    private const int RecordLength = 320;
    private const int SettledOffset = 1 + VoucherMessage.Length + ReceiptSignature.Length;
    private const int CompactAtRecords = 4096;
    private const byte Kept = 1;
    private const byte Settled = 2;

    private readonly Lock _gate = new();
    private readonly Dictionary<VoucherId, Session> _sessions = [];
    private readonly Dictionary<MemberKey, VoucherId> _latest = [];
    private readonly RecordFile? _file;

    /// <summary>Opens the store.</summary>
    /// <param name="path">File to keep the vouchers in; <c>null</c> keeps them in memory only.</param>
    /// <exception cref="IOException">The file cannot be opened, or another process has it open.</exception>
    public EarnedVouchers(string? path = null)
    {
        if (path is not null)
            _file = RecordFile.Open(path, RecordLength, (content, _) => Apply(content));
        foreach (var id in _sessions.Keys.ToArray())
            Forget(id);
    }

    /// <summary>Bytes that others signed for, of the sessions kept here.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
                return _sessions.Values.Sum(session => session.Newest.Bytes);
        }
    }

    /// <summary>Sessions with bytes that the tracker has not settled.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
                return _sessions.Values.Count(session => session.IsWaiting);
        }
    }

    /// <summary>What of a session is signed for; 0 when it is not known.</summary>
    public long BytesOf(VoucherId session)
    {
        lock (_gate)
            return _sessions.TryGetValue(session, out var known) ? known.Newest.Bytes : 0;
    }

    /// <summary>Whether a voucher is of its receiver's latest session or a newer one, says more than is known, and finds room.</summary>
    /// <remarks>
    /// Sessions before the latest are forgotten once they are settled. A receiver that sent two of them in turn would have new
    /// credit each time, which the tracker pays once; so a session that is not known has to be opened after the latest.
    /// </remarks>
    public bool Wants(Voucher voucher)
    {
        ArgumentNullException.ThrowIfNull(voucher);
        lock (_gate)
            return _sessions.TryGetValue(voucher.Id, out var known)
                ? _latest[voucher.Receiver] == voucher.Id && IsNewer(voucher, known)
                : _sessions.Count < Capacity && (!_latest.TryGetValue(voucher.Receiver, out var latest) || _sessions[latest].Newest.Opened < voucher.Opened);
    }

    /// <summary>
    /// Keeps vouchers that were wanted and then checked, on the disk when this returns. Those that say nothing new are left out;
    /// one whose session another has followed meanwhile is kept all the same, since it was worth credit.
    /// </summary>
    /// <exception cref="IOException">The disk refuses; none is kept.</exception>
    public void Keep(IReadOnlyCollection<Voucher> vouchers)
    {
        ArgumentNullException.ThrowIfNull(vouchers);
        lock (_gate)
        {
            var wanted = vouchers.Where(voucher => _sessions.TryGetValue(voucher.Id, out var known) ? IsNewer(voucher, known) : _sessions.Count < Capacity).ToArray();
            if (wanted.Length == 0)
                return;
            if (_file is not null)
            {
                _file.Append(Encode(wanted.Select(voucher => (Kept, voucher, 0L))));
                _file.Flush();
            }

            foreach (var voucher in wanted)
                Take(voucher);
            Compact();
        }
    }

    /// <summary>Vouchers with bytes that are not settled.</summary>
    /// <param name="maximum">At most so many.</param>
    public IReadOnlyList<Voucher> Peek(int maximum = int.MaxValue)
    {
        lock (_gate)
            return [.. _sessions.Values.Where(session => session.IsWaiting).Select(session => session.Newest).Take(maximum)];
    }

    /// <summary>Notes that bytes of sessions need no further report: credited, or refused for good.</summary>
    public void Settle(IEnumerable<(VoucherId Session, long Bytes)> settled)
    {
        ArgumentNullException.ThrowIfNull(settled);
        lock (_gate)
        {
            var known = settled.Where(one => _sessions.TryGetValue(one.Session, out var session) && one.Bytes > session.Settled).ToArray();
            if (known.Length == 0)
                return;
            _file?.Append(Encode(known.Select(one => (Settled, _sessions[one.Session].Newest, one.Bytes))));
            foreach (var (id, bytes) in known)
            {
                _sessions[id].Settled = bytes;
                Forget(id);
            }

            Compact();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private void Take(Voucher voucher)
    {
        var id = voucher.Id;
        if (_sessions.TryGetValue(id, out var session))
        {
            if (IsNewer(voucher, session))
                session.Newest = voucher;
            return;
        }

        _sessions.Add(id, new Session { Newest = voucher });
        if (!_latest.TryGetValue(voucher.Receiver, out var before))
        {
            _latest[voucher.Receiver] = id;
        }
        else if (_sessions[before].Newest.Opened < voucher.Opened)
        {
            _latest[voucher.Receiver] = id;
            Forget(before);
        }
    }

    private static bool IsNewer(Voucher voucher, Session known) => voucher.Opened == known.Newest.Opened && voucher.Bytes > known.Newest.Bytes;

    /// <summary>A session that is settled and over is of no use any more.</summary>
    private void Forget(VoucherId id)
    {
        if (_sessions.TryGetValue(id, out var session) && !session.IsWaiting && _latest[session.Newest.Receiver] != id)
            _sessions.Remove(id);
    }

    private bool Apply(ReadOnlySpan<byte> content)
    {
        if (content[0] is not (Kept or Settled))
            return false;
        var voucher = VoucherMessage.Read(content[1..], ReceiptSignature.From(content.Slice(1 + VoucherMessage.Length, ReceiptSignature.Length)));
        if (voucher is null)
            return false;
        if (content[0] == Kept || !_sessions.ContainsKey(voucher.Id))
            Take(voucher);
        if (content[0] == Settled)
            _sessions[voucher.Id].Settled = BinaryPrimitives.ReadInt64BigEndian(content[SettledOffset..]);
        return true;
    }

    private void Compact()
    {
        if (_file is { Records: > CompactAtRecords } && _file.Records > _sessions.Count * 4L)
            _file.Replace(Encode(_sessions.Values.OrderBy(session => _latest[session.Newest.Receiver] == session.Newest.Id).Select(session => (Settled, session.Newest, session.Settled))));
    }

    private static byte[] Encode(IEnumerable<(byte Kind, Voucher Voucher, long Settled)> entries)
    {
        var all = entries.ToArray();
        var records = new byte[all.Length * RecordLength];
        for (var i = 0; i < all.Length; i++)
        {
            var record = records.AsSpan(i * RecordLength, RecordLength);
            record[0] = all[i].Kind;
            VoucherMessage.Write(record[1..], all[i].Voucher);
            all[i].Voucher.Signature.Span.CopyTo(record[(1 + VoucherMessage.Length)..]);
            BinaryPrimitives.WriteInt64BigEndian(record[SettledOffset..], all[i].Settled);
        }

        return records;
    }

    private sealed class Session
    {
        public required Voucher Newest { get; set; }

        public long Settled { get; set; }

        public bool IsWaiting => Newest.Bytes > Settled;
    }
}
