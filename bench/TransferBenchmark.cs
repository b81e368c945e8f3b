using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pbts.Cli;
using Pbts.Local.Processes;

namespace Pbts.Bench;

/// <summary>
/// What vouchers cost a transfer: one <c>pbts seed</c> process gives a file to one <c>pbts get</c> process over loopback,
/// with and without vouchers in turn, at several rates and piece lengths. With them the time runs until the last voucher
/// is delivered and on the uploader's disk; the tracker checks what is reported on the same machine meanwhile.
/// </summary>
internal sealed class TransferBenchmark
{
    /// <summary>The published computation for 1 GB at 1 MB/s, in percent of the time, by piece length.</summary>
    private static readonly Dictionary<int, double> Computed = new() { [256] = 52, [2048] = 6 };

    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-transfer").FullName;
    private readonly string _url;
    private readonly string _cli;
    private readonly JsonArray _runs = [];
    private readonly (string Id, string Key)[] _members = new (string, string)[2];
    private readonly long[] _expected = new long[2];
    private int _signatures;

    private TransferBenchmark(string url, string cli) => (_url, _cli) = (url, cli);

    /// <summary>Runs it all; the exit code is 1 when a transfer failed or a total is wrong.</summary>
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var quick = arguments.Text("--quick", "no") == "yes";
        var bench = new TransferBenchmark(arguments.Text("--url", ""), arguments.Text("--cli", ""));
        try
        {
            await bench.RegisterAsync();
            var cases = new List<Case>();
            foreach (var (rate, megabytes) in quick ? new[] { (1, 4), (10, 40), (0, 200) } : [(1, 10), (10, 150), (0, 300)])
                foreach (var piece in new[] { 256, 1024, 2048 })
                    cases.Add(new Case(rate, piece, megabytes, quick || rate > 0 ? 3 : 5));
            Console.WriteLine("one seed, one get, loopback; seconds are medians; with: until the last voucher is delivered and kept");
            Console.WriteLine($"{"rate",9} {"piece KiB",9} {"MB",5} {"runs",5} {"without s",10} {"with s",9} {"overhead",9} {"download alone",15} {"signed/GB",10} {"paper, computed",16}");
            foreach (var one in cases)
                await bench.MeasureAsync(one);
            await bench.CheckTotalsAsync();
            await Results.WriteAsync(arguments, "transfer", new { processors = Environment.ProcessorCount, quick, results = bench._runs });
            return 0;
        }
        catch (InvalidOperationException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
        finally
        {
            Directory.Delete(bench._folder, recursive: true);
        }
    }

    private async Task MeasureAsync(Case one)
    {
        var (without, with, alone, signatures) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var run = 0; run < one.Runs; run++)
        {
            // Each pair has content of its own: a receipt for the same piece in the same hour would be the same receipt.
            var torrent = await NewTorrentAsync(one);
            // In turn, and each first as often: what drifts falls on both.
            foreach (var receipts in run % 2 == 0 ? new[] { false, true } : [true, false])
            {
                var (download, all) = await TransferAsync(one, torrent, receipts);
                (receipts ? with : without).Add(all);
                if (!receipts)
                    continue;
                alone.Add(download);
                signatures.Add(_signatures * 1000.0 / one.Megabytes);
            }
        }
        var (plain, signed, download1) = (Samples.Median(without), Samples.Median(with), Samples.Median(alone));
        var (overhead, inTransfer) = (100 * (signed / plain - 1), 100 * (download1 / plain - 1));
        var paper = one.Rate == 1 && Computed.TryGetValue(one.PieceKiB, out var percent) ? percent : (double?)null;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{(one.Rate == 0 ? "full" : $"{one.Rate} MB/s"),9} {one.PieceKiB,9} {one.Megabytes,5} {one.Runs,5} {plain,10:F3} {signed,9:F3} {overhead,8:+0.00;-0.00} % {inTransfer,12:+0.00;-0.00} % {Samples.Median(signatures),10:F0} {(paper is { } p ? $"+{p:0} %" : "-"),16}"));
        _runs.Add(new JsonObject
        {
            ["rate_mb_per_s"] = one.Rate == 0 ? null : one.Rate, ["piece_kib"] = one.PieceKiB, ["megabytes"] = one.Megabytes,
            ["without_s"] = Array(without), ["with_s"] = Array(with), ["with_download_s"] = Array(alone),
            ["without_median_s"] = plain, ["with_median_s"] = signed, ["overhead_percent"] = overhead,
            ["download_overhead_percent"] = inTransfer, ["signatures_per_gb"] = Samples.Median(signatures), ["paper_computed_percent"] = paper,
        });
    }

    /// <summary>Seconds from the start of the download to its end, and to the delivery of the last receipt.</summary>
    private async Task<(double Download, double All)> TransferAsync(Case one, string torrent, bool receipts)
    {
        var port = Ports.Free();
        string[] Member(int i) => receipts ? ["--user", _members[i].Id, "--key", _members[i].Key, "--state", At($"state{i}")] : [];
        string[] limit = one.Rate == 0 ? [] : ["--upload-limit", $"{one.Rate * 1_000_000}"];
        using var seed = Start(["seed", torrent, "--data", _folder, "--listen", "127.0.0.1", "--port", $"{port}", "--json", .. Member(0), .. limit]);
        var seeding = seed.StandardOutput.ReadToEndAsync();
        // It says so when it has checked the file and listens.
        while (await seed.StandardError.ReadLineAsync() is { } line && !line.Contains("seeding", StringComparison.Ordinal))
        {
        }
        _ = seed.StandardError.ReadToEndAsync();
        await Task.Delay(1000);
        using var get = Start(["get", torrent, "--data", At("got"), "--listen", "127.0.0.1", "--peer", $"127.0.0.1:{port}", "--quiet", "--json", .. Member(1)]);
        var complaints = get.StandardError.ReadToEndAsync();
        var said = await get.StandardOutput.ReadToEndAsync();
        await get.WaitForExitAsync();
        using (var stop = Process.Start("kill", ["-TERM", $"{seed.Id}"]))
            await stop.WaitForExitAsync();
        await seed.WaitForExitAsync();
        if (get.ExitCode != 0 || seed.ExitCode != 0)
            throw new InvalidOperationException($"a transfer failed: get {get.ExitCode}, seed {seed.ExitCode}\n{said}{await complaints}{await seeding}");
        Directory.Delete(At("got"), recursive: true);
        var result = JsonSerializer.Deserialize<JsonElement>(said);
        if (receipts)
        {
            if (result.GetProperty("bytes_signed").GetInt64() != one.Megabytes * 1_000_000L)
                throw new InvalidOperationException($"signed for {result.GetProperty("bytes_signed")} bytes of {one.Megabytes} MB");
            _expected[0] += one.Megabytes * 1_000_000L;
            _expected[1] += one.Megabytes * 1_000_000L;
            _signatures = result.GetProperty("vouchers_signed").GetInt32() + result.GetProperty("receipts_signed").GetInt32();
        }
        return (result.GetProperty("seconds").GetDouble(), result.GetProperty("seconds_with_receipts").GetDouble());
    }

    private async Task<string> NewTorrentAsync(Case one)
    {
        await using (var file = File.Create(At("data.bin")))
        {
            var block = new byte[1_000_000];
            for (var i = 0; i < one.Megabytes; i++)
            {
                RandomNumberGenerator.Fill(block);
                await file.WriteAsync(block);
            }
        }
        await CommandAsync("torrent", "create", At("data.bin"), "--tracker", $"{_url}/announce", "--piece-length", $"{one.PieceKiB * 1024}", "--out", At("data.torrent"));
        return At("data.torrent");
    }

    private async Task RegisterAsync()
    {
        for (var i = 0; i < 2; i++)
        {
            _members[i] = ($"bench{i}-{Guid.NewGuid():N}", At($"{i}.key"));
            await CommandAsync("keygen", "--out", _members[i].Key);
            await CommandAsync("register", _members[i].Id, "--key", _members[i].Key, "--tracker", _url);
        }
    }

    private async Task CheckTotalsAsync()
    {
        for (var i = 0; i < 2; i++)
        {
            var user = JsonSerializer.Deserialize<JsonElement>(await CommandAsync("user", _members[i].Id, "--tracker", _url, "--json"));
            var credited = user.GetProperty(i == 0 ? "total_uploaded" : "total_downloaded").GetInt64();
            if (credited != _expected[i])
                throw new InvalidOperationException($"the tracker says {credited} bytes, {_expected[i]} were transferred");
        }
        Console.WriteLine($"the tracker credited and debited exactly the {_expected[0]} bytes transferred with vouchers");
    }

    private async Task<string> CommandAsync(params string[] args)
    {
        using var command = Start(args);
        var complaints = command.StandardError.ReadToEndAsync();
        var output = await command.StandardOutput.ReadToEndAsync();
        await command.WaitForExitAsync();
        return command.ExitCode == 0 ? output : throw new InvalidOperationException($"{string.Join(' ', args)}: {await complaints}");
    }

    private Process Start(string[] args) => Process.Start(new ProcessStartInfo("dotnet", [_cli, .. args])
    {
        RedirectStandardOutput = true, RedirectStandardError = true,
    })!;

    private string At(string name) => Path.Combine(_folder, name);

    private static JsonArray Array(List<double> values) => new([.. values.Select(v => JsonValue.Create(v))]);

    /// <param name="Rate">Megabytes (10^6) a second; 0 is no limit.</param>
    /// <param name="PieceKiB">Piece length.</param>
    /// <param name="Megabytes">Size of the file.</param>
    /// <param name="Runs">Pairs of transfers.</param>
    private sealed record Case(int Rate, int PieceKiB, int Megabytes, int Runs);
}
