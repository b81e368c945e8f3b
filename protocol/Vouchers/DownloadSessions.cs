using System.Buffers.Binary;
using System.Security.Cryptography;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Storage;

namespace Pbts.Protocol.Vouchers;

/// <summary>
/// The receiver's side: how much of one torrent came from whom, all verified, and what was signed for it. One session with
/// each sender for as long as this is kept; with a file, over restarts. Thread-safe.
/// </summary>
/// <remarks>
/// Records of 216 bytes, big endian: sender (48), session (16), opened, bytes received, bytes signed, signed at, bytes
/// acknowledged (i64 each), signature (96), zeros, the seal. The last of a sender counts.
/// </remarks>
public sealed class DownloadSessions : IDisposable
{
    private const int RecordLength = 216;
    private const int CompactAtRecords = 4096;

    private readonly Lock _gate = new();
    private readonly Dictionary<MemberKey, Session> _sessions = [];
    private readonly InstanceId _instance;
    private readonly InfoHash _torrent;
    private readonly MemberKey _receiver;
    private readonly int _pieceLength;
    private readonly TimeProvider _clock;
    private readonly RecordFile? _file;

    /// <summary>Opens the sessions.</summary>
    /// <param name="instance">The tracker.</param>
    /// <param name="torrent">The torrent.</param>
    /// <param name="receiver">Our key.</param>
    /// <param name="pieceLength">Bytes of a piece.</param>
    /// <param name="path">File to keep them in; <c>null</c> keeps them in memory only.</param>
    /// <param name="clock">Clock; the system's when omitted.</param>
    /// <exception cref="IOException">The file cannot be opened, or another process has it open.</exception>
    public DownloadSessions(InstanceId instance, InfoHash torrent, MemberKey receiver, int pieceLength, string? path = null, TimeProvider? clock = null)
    {
        (_instance, _torrent, _receiver, _pieceLength, _clock) = (instance, torrent, receiver, pieceLength, clock ?? TimeProvider.System);
        if (path is not null)
            _file = RecordFile.Open(path, RecordLength, (content, _) => Apply(content));
    }

    /// <summary>Bytes signed for.</summary>
    public long SignedBytes
    {
        get
        {
            lock (_gate)
                return _sessions.Values.Sum(session => session.Signed);
        }
    }

    /// <summary>Senders that are owed a voucher, or have not acknowledged theirs.</summary>
    public IReadOnlyList<MemberKey> Owed
    {
        get
        {
            lock (_gate)
                return [.. _sessions.Where(session => session.Value.Acknowledged < session.Value.Received).Select(session => session.Key)];
        }
    }

    /// <summary>Senders whose bytes are not all signed for.</summary>
    public IReadOnlyList<MemberKey> UnsignedSenders
    {
        get
        {
            lock (_gate)
                return [.. _sessions.Where(session => session.Value.Signed < session.Value.Received).Select(session => session.Key)];
        }
    }

    /// <summary>Counts verified bytes for whoever sent them. The end of the process loses nothing of it.</summary>
    /// <exception cref="IOException">The disk refuses; nothing is counted.</exception>
    public void Receive(IReadOnlyCollection<(MemberKey Sender, long Bytes)> blocks)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        lock (_gate)
        {
            var now = _clock.GetUtcNow().ToUnixTimeSeconds();
            var grown = blocks.GroupBy(block => block.Sender).Select(sender =>
            {
                var known = _sessions.GetValueOrDefault(sender.Key) ?? new Session(SessionId.From(RandomNumberGenerator.GetBytes(SessionId.Length)), now);
                return (Sender: sender.Key, Session: known with { Received = known.Received + sender.Sum(block => block.Bytes), Since = known.Received > known.Signed ? known.Since : _clock.GetTimestamp() });
            }).ToArray();
            Save(grown);
        }
    }

    /// <summary>
    /// Whether a voucher is due: a quarter of what is signed, but at least 1 MiB or a piece and at most 16 MiB, is unsigned;
    /// or anything is, and 5 s have passed.
    /// </summary>
    public bool IsDue(MemberKey sender)
    {
        lock (_gate)
        {
            if (_sessions.GetValueOrDefault(sender) is not { } session || session.Received == session.Signed)
                return false;
            return session.Received - session.Signed >= VoucherPolicy.Step(session.Signed, _pieceLength) || _clock.GetElapsedTime(session.Since) >= VoucherPolicy.LongestWait;
        }
    }

    /// <summary>Signs for all that has come from a sender, and keeps it before anybody gets to see it.</summary>
    /// <param name="sender">The sender.</param>
    /// <param name="sign">Signs a message; slow.</param>
    /// <returns>The voucher; the one signed last when nothing came since, unless it has grown old; <c>null</c> when nothing ever came.</returns>
    /// <exception cref="IOException">The disk refuses.</exception>
    public Voucher? Sign(MemberKey sender, Func<byte[], ReceiptSignature> sign)
    {
        ArgumentNullException.ThrowIfNull(sign);
        Session session;
        lock (_gate)
        {
            if (_sessions.GetValueOrDefault(sender) is not { Received: > 0 } known)
                return null;
            session = known;
        }

        var now = _clock.GetUtcNow().ToUnixTimeSeconds();
        if (session.Received == session.Signed && Math.Abs(now - session.SignedAt) < VoucherPolicy.Freshness.TotalSeconds)
            return Voucher(sender, session);
        // Outside the lock: blocks go on coming in meanwhile. The next voucher covers them.
        var signed = session with { Signed = session.Received, SignedAt = Math.Max(session.Opened, now) };
        var voucher = Voucher(sender, signed);
        signed = signed with { Signature = sign(voucher.SignedMessage()) };
        lock (_gate)
        {
            Save([(sender, _sessions[sender] with { Signed = signed.Signed, SignedAt = signed.SignedAt, Signature = signed.Signature, Since = _clock.GetTimestamp() })]);
        }

        // Outside it too: while the disk is at work pieces are counted.
        _file?.Flush();
        return voucher with { Signature = signed.Signature };
    }

    /// <summary>The sender has a voucher on disk; <c>false</c> for one that was never signed.</summary>
    public bool Acknowledge(MemberKey sender, VoucherAck ack)
    {
        ArgumentNullException.ThrowIfNull(ack);
        lock (_gate)
        {
            if (_sessions.GetValueOrDefault(sender) is not { } session || session.Id != ack.Session || ack.Bytes > session.Signed)
                return false;
            if (ack.Bytes > session.Acknowledged)
                Save([(sender, session with { Acknowledged = ack.Bytes })]);
            return true;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private Voucher Voucher(MemberKey sender, Session session) => new()
    {
        Instance = _instance, InfoHash = _torrent, Sender = sender, Receiver = _receiver, Session = session.Id,
        Bytes = session.Signed, Opened = session.Opened, SignedAt = session.SignedAt, Signature = session.Signature,
    };

    private void Save(IReadOnlyCollection<(MemberKey Sender, Session Session)> changed)
    {
        if (_file is { Records: > CompactAtRecords } && _file.Records > (_sessions.Count + changed.Count) * 4L)
            _file.Replace(Encode([.. _sessions.Select(session => (session.Key, session.Value))]));
        _file?.Append(Encode(changed));
        foreach (var (sender, session) in changed)
            _sessions[sender] = session;
    }

    private static byte[] Encode(IReadOnlyCollection<(MemberKey Sender, Session Session)> entries)
    {
        var records = new byte[entries.Count * RecordLength];
        var rest = records.AsSpan();
        foreach (var (sender, session) in entries)
        {
            sender.Span.CopyTo(rest);
            session.Id.Span.CopyTo(rest[48..]);
            BinaryPrimitives.WriteInt64BigEndian(rest[64..], session.Opened);
            BinaryPrimitives.WriteInt64BigEndian(rest[72..], session.Received);
            BinaryPrimitives.WriteInt64BigEndian(rest[80..], session.Signed);
            BinaryPrimitives.WriteInt64BigEndian(rest[88..], session.SignedAt);
            BinaryPrimitives.WriteInt64BigEndian(rest[96..], session.Acknowledged);
            session.Signature.Span.CopyTo(rest[104..]);
            rest = rest[RecordLength..];
        }

        return records;
    }

    private bool Apply(ReadOnlySpan<byte> content)
    {
        _sessions[MemberKey.From(content[..48])] = new Session(SessionId.From(content.Slice(48, SessionId.Length)), BinaryPrimitives.ReadInt64BigEndian(content[64..]))
        {
            Received = BinaryPrimitives.ReadInt64BigEndian(content[72..]),
            Signed = BinaryPrimitives.ReadInt64BigEndian(content[80..]),
            SignedAt = BinaryPrimitives.ReadInt64BigEndian(content[88..]),
            Acknowledged = BinaryPrimitives.ReadInt64BigEndian(content[96..]),
            Signature = ReceiptSignature.From(content.Slice(104, ReceiptSignature.Length)),
        };
        return true;
    }

    private sealed record Session(SessionId Id, long Opened)
    {
        public long Received { get; init; }

        public long Signed { get; init; }

        public long SignedAt { get; init; }

        public long Acknowledged { get; init; }

        public ReceiptSignature Signature { get; init; }

        /// <summary>Since when something is unsigned.</summary>
        public long Since { get; init; }
    }
}
