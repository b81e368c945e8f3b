using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Evidence;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Tracker.Tests.Evidence;

/// <summary>A member's evidence as a tracker would give it, made without one: of a member that has replaced its key, as sender and receiver.</summary>
internal sealed class EvidenceFile
{
    private const int Vouchers = 24;

    private static readonly Lazy<EvidenceFile> s_good = new(() => new());

    private static readonly InstanceId s_instance = InstanceId.From(SHA256.HashData("instance"u8));

    private EvidenceFile()
    {
        var (retired, current) = (BlsSecretKey.Generate(), BlsSecretKey.Generate());
        var others = Enumerable.Range(0, 3).Select(_ => BlsSecretKey.Generate()).ToArray();
        var entries = Enumerable.Range(0, Vouchers).Select(i =>
        {
            var (own, other) = (i % 3 == 0 ? retired : current, others[i % others.Length]);
            // The old key signed until the moment of its replacement.
            return Sign(i % 2 == 0 ? other : own, i % 2 == 0 ? own : other, 1_000_000 + i, signedAt: i % 3 == 0 ? 2000 - i : 3000 + i, credited: i == 5 ? 70 : 1_000_000 + i);
        }).OrderBy(entry => entry.Id.ToString(), StringComparer.Ordinal).ToArray();
        Entries = entries;
        var own = new[] { KeyOf(retired), KeyOf(current) };
        var sum = entries.Aggregate(default(EvidenceSum), (sum, entry) => sum + (own.Contains(entry.Voucher.Sender) ? new(1, entry.Credited, 0) : new(1, 0, entry.Credited)));
        Header = new()
        {
            Instance = s_instance, UserId = "al\"ice", Since = 900, At = 5000, Keys = [new(own[0], 900, 2000), new(own[1], 2000, null)], Vouchers = sum,
            Receipts = new(3, 5_000_000, 16384), Imported = [("contract", new(1, 7, 8)), ("earlier", new(1, -3, 0))],
            TotalUploaded = (long)sum.Uploaded + 5_000_004, TotalDownloaded = (long)sum.Downloaded + 16392,
        };
        Signers = (retired, current, others[0]);
    }

    /// <summary>Without fault.</summary>
    public static EvidenceFile Good => s_good.Value;

    public EvidenceHeader Header { get; private init; }

    public EvidenceVoucher[] Entries { get; private init; }

    public (BlsSecretKey Retired, BlsSecretKey Current, BlsSecretKey Other) Signers { get; }

    /// <summary>The file's bytes.</summary>
    /// <param name="header">Instead of its own.</param>
    /// <param name="entries">Instead of its own.</param>
    /// <param name="end">Instead of one that fits.</param>
    public byte[] Bytes(EvidenceHeader? header = null, IReadOnlyList<EvidenceVoucher>? entries = null, EvidenceEnd? end = null)
    {
        var bytes = new ArrayBufferWriter<byte>();
        (header ?? Header).Write(bytes);
        foreach (var entry in entries ?? Entries)
            entry.Write(bytes);
        (end ?? new(entries?.Count ?? Entries.Length, null)).Write(bytes);
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>The vouchers with one changed, hashed anew by whoever changed it.</summary>
    public EvidenceVoucher[] With(int index, Func<EvidenceVoucher, EvidenceVoucher> change) => [.. Entries.Select((entry, i) => i == index ? change(entry) : entry)];

    public static EvidenceVoucher Sign(BlsSecretKey receiver, BlsSecretKey sender, long bytes, long signedAt, long? credited = null)
    {
        var voucher = new Voucher
        {
            Instance = s_instance, InfoHash = InfoHash.From(SHA1.HashData(Encoding.UTF8.GetBytes($"{bytes}"))), Sender = KeyOf(sender), Receiver = KeyOf(receiver),
            Session = SessionId.From(RandomNumberGenerator.GetBytes(SessionId.Length)), Bytes = bytes, Opened = 1000, SignedAt = signedAt,
        };
        voucher = voucher with { Signature = ReceiptSignature.Of(receiver, voucher.SignedMessage()) };
        return new(voucher.Id, voucher, credited ?? bytes, signedAt + 1, signedAt + 2);
    }

    /// <summary>What the tracker's own auditor says of these bytes: line and code of each fault.</summary>
    public static (long Line, string Code)[] Audit(byte[] bytes)
    {
        var faults = new List<(long, string)>();
        var audit = new EvidenceAudit(fault => faults.Add((fault.Line, fault.Code)));
        var lines = new Pbts.Cli.Evidence.LineReader(new MemoryStream(bytes));
        while (lines.TryRead(out var line))
            audit.Add(line);
        audit.Complete();
        Assert.Equal(faults.Count, audit.Faults);
        return [.. faults.Order()];
    }

    private static MemberKey KeyOf(BlsSecretKey secret) => MemberKey.Of(secret);
}
