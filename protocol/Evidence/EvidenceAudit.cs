using System.Text.Json;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Evidence;

/// <summary>
/// Checks a member's evidence line by line, in bounded memory: that every line is as it was written, that each voucher is of this
/// tracker and member and signed by its receiver, and that all together come to the totals. Each line has at most one fault, the
/// first that is found; what has one counts for nothing in the sums.
/// </summary>
public sealed class EvidenceAudit
{
    private const int Waiting = 4 * StatementVerifier.Batch;

    private readonly Action<EvidenceFault> _report;
    private readonly List<(long Line, EvidenceVoucher Entry)> _waiting = new(Waiting);
    private readonly Dictionary<MemberKey, EvidenceKey> _keys = [];
    private EvidenceSum _sum;
    private VoucherId _last;
    private bool _hasLast;
    private bool _ended;

    /// <param name="report">Is told each fault; those of signatures come later than others.</param>
    public EvidenceAudit(Action<EvidenceFault> report) => _report = report;

    /// <summary>Who it is about; <c>null</c> before the first line, and when that cannot be read: then nothing else can be judged.</summary>
    public EvidenceHeader? Header { get; private set; }

    /// <summary>Lines read.</summary>
    public long Lines { get; private set; }

    /// <summary>Lines of vouchers read, good or not.</summary>
    public long Vouchers { get; private set; }

    /// <summary>Faults told.</summary>
    public long Faults { get; private set; }

    /// <summary>Whether nothing that follows can be judged.</summary>
    public bool IsHopeless => Lines > 0 && Header is null;

    /// <summary>Takes the next line.</summary>
    /// <param name="line">Its bytes without the end; an empty one for a line that was too long to read.</param>
    public void Add(ReadOnlySpan<byte> line)
    {
        Lines++;
        if (IsHopeless && Lines > 1)
            return;
        if (line.Length > SealedLine.MaxLength || !SealedLine.IsIntact(line))
        {
            Fail(Lines, EvidenceFaultCodes.Damaged, "the line is not as it was written");
            return;
        }

        VoucherId? id = null;
        try
        {
            using var document = JsonDocument.Parse(line.ToArray());
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw new FormatException("no JSON object");
            var type = new StrictFields(root).Text("type");
            if (_ended || type != (Lines == 1 ? EvidenceHeader.Type : type == EvidenceEnd.Type ? type : EvidenceVoucher.Type))
            {
                Fail(Lines, EvidenceFaultCodes.Misplaced, Lines == 1 ? "the first line must be of type evidence" : "a line of this type has no business here");
            }
            else if (Lines == 1)
            {
                TakeHeader(EvidenceHeader.Read(root));
            }
            else if (type == EvidenceEnd.Type)
            {
                TakeEnd(EvidenceEnd.Read(root));
            }
            else
            {
                Vouchers++;
                var entry = EvidenceVoucher.Read(root, Header!.Instance);
                id = entry.Id;
                TakeVoucher(entry);
            }
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
            Fail(Lines, EvidenceFaultCodes.Malformed, e is FormatException ? e.Message : "the line is not valid JSON", id);
        }
    }

    /// <summary>After the last line: judges what still waits, and the sums.</summary>
    public void Complete()
    {
        Verify();
        if (Header is not { } header)
        {
            if (Lines == 0)
                Fail(1, EvidenceFaultCodes.CutOff, "there is no line");
            return;
        }

        if (!_ended)
            Fail(Lines, EvidenceFaultCodes.CutOff, "the last line is not of type end: something is missing");
        if (_sum != header.Vouchers)
        {
            Fail(1, EvidenceFaultCodes.WrongSum, $"good vouchers: {_sum.Count} with {_sum.Uploaded} bytes given and {_sum.Downloaded} taken; "
                + $"the first line says {header.Vouchers.Count}, {header.Vouchers.Uploaded} and {header.Vouchers.Downloaded}");
        }

        var (uploaded, downloaded) = header.PartsTotal();
        if ((uploaded, downloaded) != (header.TotalUploaded, header.TotalDownloaded))
        {
            Fail(1, EvidenceFaultCodes.WrongTotal,
                $"vouchers, receipts and what was imported come to {uploaded} given and {downloaded} taken; the totals say {header.TotalUploaded} and {header.TotalDownloaded}");
        }
    }

    private void TakeHeader(EvidenceHeader header)
    {
        Header = header;
        foreach (var key in header.Keys)
            _keys[key.Key] = key;
    }

    private void TakeEnd(EvidenceEnd end)
    {
        _ended = true;
        if (end.Next is not null)
            Fail(Lines, EvidenceFaultCodes.CutOff, "this is a page of several: pbts evidence fetches them all");
        else if (end.Vouchers != Vouchers)
            Fail(Lines, EvidenceFaultCodes.CutOff, $"there were {end.Vouchers} vouchers; here are {Vouchers}");
    }

    private void TakeVoucher(EvidenceVoucher entry)
    {
        var voucher = entry.Voucher;
        var isSender = _keys.TryGetValue(voucher.Sender, out var sending);
        var isReceiver = _keys.TryGetValue(voucher.Receiver, out var receiving);
        if (voucher.Id != entry.Id)
        {
            Fail(Lines, EvidenceFaultCodes.WrongId, "the id is not the hash of infohash, keys and session", entry.Id);
            return;
        }

        if (_hasLast && _last.Span.SequenceCompareTo(entry.Id.Span) >= 0)
        {
            Fail(Lines, EvidenceFaultCodes.OutOfOrder, "its id is not above the one before", entry.Id);
            return;
        }

        (_last, _hasLast) = (entry.Id, true);
        if (entry.Fault is { } fault)
            Fail(Lines, EvidenceFaultCodes.WrongNumber, fault, entry.Id);
        else if (isSender == isReceiver)
            Fail(Lines, EvidenceFaultCodes.NotTheMembers, isSender ? "both keys are the member's" : "neither key is the member's", entry.Id);
        else if (!(sending ?? receiving)!.CoversSigning(voucher.SignedAt))
            Fail(Lines, EvidenceFaultCodes.KeyRetired, "signed after the member's key was replaced", entry.Id);
        else
            _waiting.Add((Lines, entry));
        if (_waiting.Count >= Waiting)
            Verify();
    }

    private void Verify()
    {
        var verdicts = StatementVerifier.VerifyOnAllProcessors([.. _waiting.Select(one => one.Entry.Voucher.Statement())]);
        for (var i = 0; i < verdicts.Length; i++)
        {
            var (line, entry) = _waiting[i];
            if (!verdicts[i])
                Fail(line, EvidenceFaultCodes.BadSignature, "the receiver has not signed this", entry.Id);
            else
                _sum += _keys.ContainsKey(entry.Voucher.Sender) ? new(1, entry.Credited, 0) : new(1, 0, entry.Credited);
        }

        _waiting.Clear();
    }

    private void Fail(long line, string code, string message, VoucherId? id = null)
    {
        Faults++;
        _report(new(line, code, message, id));
    }
}
