using System.Text;
using System.Text.Json.Nodes;
using Pbts.Cli;
using Pbts.Cli.Commands;
using Pbts.Protocol.Evidence;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Tracker.Tests.Evidence;

/// <summary>Files of evidence, good and damaged, before both auditors.</summary>
public sealed class AuditTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-audit").FullName;

    /// <summary>By name: the bytes, and what an auditor has to say of them.</summary>
    public static TheoryData<string> Cases => [.. All().Keys];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory, MemberData(nameof(Cases))]
    public async Task Both_auditors_reach_the_same_verdict(string name)
    {
        var (bytes, expected) = All()[name];
        Assert.Equal(expected, EvidenceFile.Audit(bytes));
        var path = Path.Combine(_folder, "evidence.ndjson");
        await File.WriteAllBytesAsync(path, bytes);
        var (exitCode, answer, error) = await AuditAsync(path);
        Assert.Equal((expected.Length == 0 ? ExitCodes.Success : ExitCodes.Refused, expected.Length == 0), (exitCode, (bool)answer["success"]!));
        Assert.Equal(expected, Faults(answer));
        Assert.All(expected, fault => Assert.Contains($"{path}:{fault.Line}: {fault.Code}", error, StringComparison.Ordinal));
        (exitCode, answer) = await OtherAuditor.RunAsync(path);
        Assert.Equal(expected, Faults(answer));
        Assert.Equal(expected.Length == 0 ? 0 : 1, exitCode);
    }

    [Fact]
    public async Task Any_bit_of_any_voucher_that_flips_is_named_with_its_line()
    {
        var good = EvidenceFile.Good.Bytes();
        var starts = new List<int> { 0 };
        for (var i = 0; i < good.Length; i++)
        {
            if (good[i] == '\n')
                starts.Add(i + 1);
        }

        var random = new Random(41);
        var path = Path.Combine(_folder, "flipped.ndjson");
        for (var round = 0; round < 400; round++)
        {
            var line = random.Next(2, starts.Count - 1);
            var at = random.Next(starts[line - 1], starts[line]);
            var flipped = good.ToArray();
            flipped[at] ^= (byte)(1 << random.Next(8));
            var faults = EvidenceFile.Audit(flipped);
            Assert.True(faults.Any(fault => fault.Line == line), $"line {line}, byte {at - starts[line - 1]}: {string.Join(", ", faults)}");
            if (round % 40 != 0)
                continue;
            await File.WriteAllBytesAsync(path, flipped);
            Assert.Equal(faults, Faults((await OtherAuditor.RunAsync(path)).Answer));
        }
    }

    [Fact]
    public void Any_bit_that_was_signed_is_named_also_when_the_line_was_hashed_anew()
    {
        var (file, random) = (EvidenceFile.Good, new Random(42));
        for (var round = 0; round < 60; round++)
        {
            var index = random.Next(file.Entries.Length);
            var changed = file.With(index, entry =>
            {
                var message = entry.Voucher.SignedMessage();
                var signature = entry.Voucher.Signature.ToArray();
                // Beyond the tag and the instance, which lines do not hold; the numbers' high bits would be out of range.
                var bit = random.Next(8 * (VoucherMessage.Length - 48 + signature.Length));
                var (target, at) = bit < 8 * (VoucherMessage.Length - 48) ? (message, 48 + (bit / 8)) : (signature, (bit / 8) - (VoucherMessage.Length - 48));
                target[at] ^= (byte)(1 << (bit % 8));
                return VoucherMessage.Read(message, ReceiptSignature.From(signature)) is not { } voucher ? entry with { Credited = -1 }
                    : entry with { Voucher = voucher, Id = at < VoucherMessage.IdentityLength && target == message && round % 2 == 0 ? voucher.Id : entry.Id };
            });
            Assert.Contains(EvidenceFile.Audit(file.Bytes(entries: changed)), fault => fault.Line >= index + 2 && fault.Line <= index + 3);
        }
    }

    [Fact]
    public async Task What_is_no_file_is_said()
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        Assert.Equal(ExitCodes.File, await PbtsCommand.RunAsync(["audit", Path.Combine(_folder, "nothing")], output, error));
        Assert.Equal(ExitCodes.Usage, await PbtsCommand.RunAsync(["audit"], output, error));
        Assert.Equal(ExitCodes.Usage, await PbtsCommand.RunAsync(["audit", "--database", "no connection"], output, error));
        Assert.Equal(ExitCodes.Refused, await PbtsCommand.RunAsync(["audit", "/dev/null"], output, error));
    }

    private static Dictionary<string, (byte[] Bytes, (long Line, string Code)[] Faults)> All()
    {
        var file = EvidenceFile.Good;
        var (good, header, entries) = (file.Bytes(), file.Header, file.Entries);
        var lines = entries.Length;
        const int Some = 7;
        const long Line = Some + 2;
        var foreign = EvidenceFile.Sign(file.Signers.Other, file.Signers.Other, 5, 1500);
        var late = EvidenceFile.Sign(file.Signers.Retired, file.Signers.Other, 5, 2181);
        var justInTime = EvidenceFile.Sign(file.Signers.Retired, file.Signers.Other, 5, 2180);
        var own = EvidenceFile.Sign(file.Signers.Current, file.Signers.Retired, 5, 1500);
        (long, string) wrongSum = (1, EvidenceFaultCodes.WrongSum);
        return new()
        {
            ["good"] = (good, []),
            ["good, no newline at the end"] = (good[..^1], []),
            ["totals that have reached the largest number"] = (file.Bytes(header with { Imported = [("earlier", new(1, long.MaxValue, 5))], TotalUploaded = long.MaxValue,
                TotalDownloaded = (long)header.Vouchers.Downloaded + 16389 }), []),
            ["empty"] = ([], [(1, EvidenceFaultCodes.CutOff)]),
            ["not text"] = ([0xff, 0xfe, 0, 10, 1], [(1, EvidenceFaultCodes.Damaged)]),
            ["a credited byte less"] = (file.Bytes(entries: file.With(5, entry => entry with { Credited = entry.Credited - 1 })), [wrongSum]),
            ["more credited than signed"] = (file.Bytes(entries: file.With(Some, entry => entry with { Credited = entry.Voucher.Bytes + 1 })), [wrongSum, (Line, EvidenceFaultCodes.WrongNumber)]),
            ["another number signed"] = (file.Bytes(entries: file.With(Some, entry => entry with { Voucher = entry.Voucher with { Bytes = entry.Voucher.Bytes + 1 } })),
                [wrongSum, (Line, EvidenceFaultCodes.BadSignature)]),
            ["another torrent"] = (file.Bytes(entries: file.With(Some, entry => entry with { Voucher = entry.Voucher with { InfoHash = default } })), [wrongSum, (Line, EvidenceFaultCodes.WrongId)]),
            ["a signature of nothing"] = (file.Bytes(entries: file.With(Some, entry => entry with { Voucher = entry.Voucher with { Signature = default } })), [wrongSum, (Line, EvidenceFaultCodes.BadSignature)]),
            ["another's signature"] = (file.Bytes(entries: file.With(Some, entry => entry with { Voucher = entry.Voucher with { Signature = entries[Some + 1].Voucher.Signature } })),
                [wrongSum, (Line, EvidenceFaultCodes.BadSignature)]),
            ["one missing"] = (file.Bytes(entries: [.. entries.Where((_, i) => i != Some)]), [wrongSum]),
            ["one missing, counted"] = (file.Bytes(entries: [.. entries.Where((_, i) => i != Some)], end: new(lines, null)), [wrongSum, (lines + 1, EvidenceFaultCodes.CutOff)]),
            ["one twice"] = (file.Bytes(entries: [.. entries[..Some], entries[Some - 1], .. entries[Some..]]), [(Line, EvidenceFaultCodes.OutOfOrder)]),
            ["two in disorder"] = (file.Bytes(entries: [.. entries[..Some], entries[Some + 1], entries[Some], .. entries[(Some + 2)..]]), [wrongSum, (Line + 1, EvidenceFaultCodes.OutOfOrder)]),
            ["of nobody here"] = (file.Bytes(entries: Insert(foreign, out var at)), [(at, EvidenceFaultCodes.NotTheMembers)]),
            ["both the member's"] = (file.Bytes(entries: Insert(own, out at)), [(at, EvidenceFaultCodes.NotTheMembers)]),
            ["signed by a key that was replaced"] = (file.Bytes(entries: Insert(late, out at)), [(at, EvidenceFaultCodes.KeyRetired)]),
            ["signed by a key about to be replaced"] = (file.Bytes(entries: Insert(justInTime, out _)), [wrongSum]),
            ["a total by hand"] = (file.Bytes(header with { TotalUploaded = header.TotalUploaded + 1 }), [(1, EvidenceFaultCodes.WrongTotal)]),
            ["receipts by hand"] = (file.Bytes(header with { Receipts = header.Receipts + new EvidenceSum(1, 1, 0) }), [(1, EvidenceFaultCodes.WrongTotal)]),
            ["another tracker"] = (file.Bytes(header with { Instance = default }), [wrongSum, .. Enumerable.Range(2, lines).Select(line => ((long)line, EvidenceFaultCodes.WrongId))]),
            ["without its end"] = (good[..(Array.LastIndexOf(good, (byte)'\n', good.Length - 2) + 1)], [(lines + 1, EvidenceFaultCodes.CutOff)]),
            ["a page of several"] = (file.Bytes(end: new(lines, entries[^1].Id)), [(lines + 2, EvidenceFaultCodes.CutOff)]),
            ["something behind the end"] = ([.. good, .. good[..(Array.IndexOf(good, (byte)'\n') + 1)]], [(lines + 3, EvidenceFaultCodes.Misplaced)]),
            ["no first line"] = (good[(Array.IndexOf(good, (byte)'\n') + 1)..], [(1, EvidenceFaultCodes.Misplaced)]),
            ["a first line that is damaged"] = (Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(good).Replace("ice", "ace", StringComparison.Ordinal)), [(1, EvidenceFaultCodes.Damaged)]),
            ["a line that is no voucher"] = ([.. file.Bytes()[..(Array.IndexOf(good, (byte)'\n') + 1)], .. Sealed("number", 7), .. good[(Array.IndexOf(good, (byte)'\n') + 1)..]], [(2, EvidenceFaultCodes.Malformed)]),
            ["an empty line"] = ([.. good[..(Array.IndexOf(good, (byte)'\n') + 1)], (byte)'\n', .. good[(Array.IndexOf(good, (byte)'\n') + 1)..]], [(2, EvidenceFaultCodes.Damaged)]),
        };

        EvidenceVoucher[] Insert(EvidenceVoucher one, out long at)
        {
            var all = entries.Append(one).OrderBy(entry => entry.Id.ToString(), StringComparer.Ordinal).ToArray();
            at = Array.IndexOf(all, one) + 2;
            return all;
        }

        static byte[] Sealed(string name, int value)
        {
            var bytes = new System.Buffers.ArrayBufferWriter<byte>();
            SealedLine.Write(bytes, json => json.WriteNumber(name, value));
            return bytes.WrittenSpan.ToArray();
        }
    }

    private static async Task<(int ExitCode, JsonObject Answer, string Error)> AuditAsync(string path)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var exitCode = await PbtsCommand.RunAsync(["audit", path, "--json"], output, error);
        return (exitCode, JsonNode.Parse(output.ToString())!.AsObject(), error.ToString());
    }

    private static (long Line, string Code)[] Faults(JsonObject answer) => [.. answer["faults"]!.AsArray().Select(fault => ((long)fault!["line"]!, (string)fault["code"]!)).Order()];
}
