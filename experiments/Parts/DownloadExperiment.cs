using System.Security.Cryptography;
using System.Text.Json;
using Pbts.Load;
using Pbts.Peer;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Experiments.Parts;

/// <summary>
/// What receipts and vouchers cost a downloader: the reference's formula over measured times of hashing and signing, and beside
/// it what real transfers took, in which peers sign vouchers.
/// </summary>
internal sealed class DownloadExperiment : IExperiment
{
    private static readonly int[] PieceKilobytes = [256, 512, 1024, 2048, 4096];
    private static readonly int[] Speeds = [1, 5, 10, 20];

    /// <summary>What the download of the formula has: vouchers are signed ever more seldom.</summary>
    private const int Gigabyte = 1_000_000_000;

    public string Name => "download";

    public string Description => "what receipts and vouchers cost a client, computed and in real transfers";

    public double ExpectedSeconds(Settings settings) => settings.Budget.TotalSeconds;

    public async Task RunAsync(ExperimentRun run)
    {
        var receiver = MemberIdentity.Generate();
        using var sender = MemberIdentity.Generate();
        var torrent = InfoHash.From(RandomNumberGenerator.GetBytes(InfoHash.Length));
        var vouchers = new VoucherSource(new("sender", sender), [new("receiver", receiver)], InstanceId.From(RandomNumberGenerator.GetBytes(InstanceId.Length)), 1);
        await run.TimeAsync(new() { Part = Name, Name = "signing a voucher" }, () => vouchers.Next(1), Math.Min(run.Settings.Iterations, run.Settings.Quick ? 20 : 200));
        foreach (var kilobytes in PieceKilobytes)
        {
            var piece = RandomNumberGenerator.GetBytes(kilobytes * 1024);
            uint index = 0;
            // The client hashes every piece anyway; the receipt's hash comes on top of that. A voucher has none.
            await run.TimeAsync(new() { Part = Name, Name = "hashing and signing", Size = kilobytes, SizeUnit = "KiB pieces" }, () => receiver.SignReceipt(
                torrent, sender.PublicKey, PieceHash.OfPiece(piece), index++, ReceiptTime.FromTimestamp((ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds()), piece.Length),
                Math.Min(run.Settings.Iterations, run.Settings.Quick ? 20 : 200));
            if (run.Find(Name, "hashing and signing", kilobytes)?.Summary is not { } measured)
                continue;
            foreach (var speed in Speeds)
            {
                run.Add(new()
                {
                    Part = Name, Name = $"overhead at {speed} MB/s", Size = kilobytes, SizeUnit = "KiB pieces", Unit = "% of the download time",
                    Value = Overhead(measured.Mean, kilobytes, speed), Note = "computed: one receipt for each piece, nothing done at the same time",
                });
                if (run.Find(Name, "signing a voucher")?.Summary is not { } signing)
                    continue;
                run.Add(new()
                {
                    Part = Name, Name = $"overhead with vouchers at {speed} MB/s", Size = kilobytes, SizeUnit = "KiB pieces", Unit = "% of the download time",
                    Value = 100 * Vouchers(Gigabyte, kilobytes * 1024, speed * 1_000_000) * signing.Mean / (1000.0 * Gigabyte / (speed * 1_000_000)),
                    Note = "computed: as many vouchers as peers sign for a gigabyte, nothing done at the same time",
                });
            }
        }

        if (run.Settings.Transfers is { } file)
            await run.GuardAsync(new() { Part = Name, Name = "real transfers" }, async () => AddTransfers(run, await File.ReadAllTextAsync(file)));
        else
            run.Skip(Name, "real transfers", run.Settings.NoTransfers);
    }

    /// <summary>The reference's formula for one receipt a piece: time of all receipts over time of the download, in percent.</summary>
    internal static double Overhead(double millisecondsPerReceipt, int kilobytes, int megabytesPerSecond) =>
        100 * millisecondsPerReceipt / (1000.0 * kilobytes * 1024 / (megabytesPerSecond * 1_000_000.0));

    /// <summary>How many vouchers a peer signs for a download from one other, at a steady rate: each when enough is unsigned or has been for long enough.</summary>
    internal static int Vouchers(long bytes, int pieceLength, long bytesPerSecond)
    {
        var count = 0;
        for (long signed = 0; signed < bytes; count++)
            signed += Math.Max(pieceLength, Math.Min(VoucherPolicy.Step(signed, pieceLength), (long)(VoucherPolicy.LongestWait.TotalSeconds * bytesPerSecond)));
        return count;
    }

    /// <summary>What <c>./pbts bench transfer --json</c> measured.</summary>
    private void AddTransfers(ExperimentRun run, string json)
    {
        using var document = JsonDocument.Parse(json);
        foreach (var row in document.RootElement.GetProperty("results").EnumerateArray())
        {
            var speed = row.GetProperty("rate_mb_per_s") is { ValueKind: JsonValueKind.Number } rate ? $"at {rate} MB/s" : "at full speed";
            Finding Entry(string name) => new() { Part = Name, Name = $"real transfer {speed}, {name}", Size = row.GetProperty("piece_kib").GetDouble(), SizeUnit = "KiB pieces" };
            double[] Seconds(string name) => [.. row.GetProperty(name).EnumerateArray().Select(value => value.GetDouble())];
            run.Add(Entry("without vouchers") with { Unit = "s", Samples = Seconds("without_s") });
            run.Add(Entry("with vouchers") with
            {
                Unit = "s", Samples = Seconds("with_s"),
                Note = $"{row.GetProperty("megabytes")} MB between two processes on loopback, until the last voucher is delivered; the tracker runs on the same machine",
            });
            var added = row.GetProperty("with_median_s").GetDouble() - row.GetProperty("without_median_s").GetDouble();
            run.Add(Entry("added") with { Unit = "s", Value = added, Note = "from the medians; mostly the delivery of the last voucher, once a transfer, and so a smaller part of a larger file" });
            run.Add(Entry("overhead") with { Unit = "% of the time without", Value = row.GetProperty("overhead_percent").GetDouble() });
            run.Add(Entry("overhead until the file is there") with { Unit = "% of the time without", Value = row.GetProperty("download_overhead_percent").GetDouble() });
        }
    }
}
