using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Pbts.Cli.Keys;
using Pbts.Experiments.Tracker;
using Pbts.Protocol.Receipts;

namespace Pbts.Experiments.Parts;

/// <summary>
/// What receipts cost a downloader: the reference's formula over measured times of hashing and signing, and beside it what
/// real transfers took.
/// </summary>
internal sealed class DownloadExperiment : IExperiment
{
    private static readonly int[] PieceKilobytes = [256, 512, 1024, 2048, 4096];
    private static readonly int[] Speeds = [1, 5, 10, 20];

    public string Name => "download";

    public string Description => "what receipts cost a client, computed and in real transfers";

    public double ExpectedSeconds(Settings settings) => settings.Budget.TotalSeconds;

    public async Task RunAsync(ExperimentRun run)
    {
        var receiver = MemberIdentity.Generate();
        using var sender = MemberIdentity.Generate();
        var torrent = InfoHash.From(RandomNumberGenerator.GetBytes(InfoHash.Length));
        foreach (var kilobytes in PieceKilobytes)
        {
            var piece = RandomNumberGenerator.GetBytes(kilobytes * 1024);
            uint index = 0;
            // The client hashes every piece anyway; the receipt's hash comes on top of that.
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
            }
        }

        if (run.Settings.Transfers is { } file)
            await run.GuardAsync(new() { Part = Name, Name = "real transfers" }, async () => Add(run, JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(file)), ""));
        else
            run.Skip(Name, "real transfers", run.Settings.NoTransfers);
    }

    /// <summary>The reference's formula for one receipt a piece: time of all receipts over time of the download, in percent.</summary>
    internal static double Overhead(double millisecondsPerReceipt, int kilobytes, int megabytesPerSecond) =>
        100 * millisecondsPerReceipt / (1000.0 * kilobytes * 1024 / (megabytesPerSecond * 1_000_000.0));

    /// <summary>Every number in the benchmark's results under its path.</summary>
    private void Add(ExperimentRun run, JsonElement json, string path)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in json.EnumerateObject())
                    Add(run, member.Value, path.Length == 0 ? member.Name : $"{path} {member.Name}");
                break;
            case JsonValueKind.Array:
                foreach (var (i, item) in json.EnumerateArray().Index())
                    Add(run, item, $"{path} {Label(item) ?? (i + 1).ToString(CultureInfo.InvariantCulture)}");
                break;
            case JsonValueKind.Number:
                run.Add(new() { Part = Name, Name = "real transfers: " + path.Replace('_', ' '), Unit = "", Value = json.GetDouble() });
                break;
        }
    }

    private static string? Label(JsonElement item) => item.ValueKind != JsonValueKind.Object ? null
        : item.EnumerateObject().FirstOrDefault(member => member.Value.ValueKind == JsonValueKind.String) is { Value.ValueKind: JsonValueKind.String } text ? text.Value.GetString() : null;
}
