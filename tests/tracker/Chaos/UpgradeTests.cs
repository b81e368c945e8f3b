using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Load;
using Pbts.Local;
using Pbts.Local.Processes;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Chaos;

/// <summary>
/// From one version of the tracker to another and back under load, as an operator does it: three silos and two front ends
/// behind the proxy, by <c>./pbts up</c> and <c>./pbts rolling-restart --clone</c>. The other version is built from the history.
/// </summary>
[Trait("suite", "slow"), Collection("alone")]
public sealed class UpgradeTests(ITestOutputHelper output) : IDisposable
{
    /// <summary>The first version that goes on with the database of a newer one.</summary>
    private const string Before = "d20ad31aba0a41cf71471581ed4da56a415b5f31";

    /// <summary>One whose schema is older by eight scripts, and which refuses a newer one.</summary>
    private const string LongBefore = "c00b8ce83e999242641e8fdd1bd432515e26f4d5";

    private const double MostFailed = 0.001;

    private readonly string _data = Path.Combine(Path.GetTempPath(), $"pbts-upgrade-{Guid.NewGuid():N}"[..21]);
    private readonly int _port = Ports.Free();
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>All members of the load call from one address.</summary>
    private static Dictionary<string, string> Environment { get; } =
        NodeProcess.UnlimitedInTests.ToDictionary(limit => limit, _ => "0").Append(new(NodeProcess.Unregistered, "claimed")).ToDictionary();

    [Fact]
    public async Task From_one_version_to_the_next_and_back_no_total_is_wrong_and_few_requests_fail()
    {
        using var before = await ClonedVersion.CheckOutAsync(Before);
        await RunAsync(before, async () =>
        {
            await RollAsync(ClonedVersion.This);
            // What a later version may do while older ones run, and these do not know.
            await ExecuteAsync("ALTER TABLE users ADD COLUMN of_later integer NOT NULL DEFAULT 0; INSERT INTO schema_version (version, name, checksum) VALUES (9000, 'later', '')");
            await RollAsync(before);
        }, () => KillAsync(before));
    }

    [Fact]
    public async Task From_a_version_that_is_long_gone_no_total_is_wrong_either_and_there_is_no_way_back()
    {
        using var before = await ClonedVersion.CheckOutAsync(LongBefore);
        await RunAsync(before, async () =>
        {
            await RollAsync(ClonedVersion.This);
            await RefuseAsync(before);
        });
    }

    public void Dispose() => Directory.Delete(_data, recursive: true);

    private async Task RunAsync(ClonedVersion first, Func<Task> upgrade, Func<Task>? afterwards = null)
    {
        try
        {
            await first.RunAsync(Environment, "up", "--silos", "3", "--apis", "2", "--no-chain", "--detach", "--port", $"{_port}", "--data", _data);
            Say("up");
            using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_port}"), Timeout = TimeSpan.FromSeconds(30) };
            using var announces = new OneShotLoad(new(IPAddress.Loopback, _port));
            var reports = await ReportLoad.CreateAsync(client, pairs: 2);
            using var vouchers = await VoucherLoad.CreateAsync(client);
            announces.Start(announcesPerSecond: 150, scrapesPerSecond: 15);
            reports.Start(perSecond: 10);
            vouchers.Start();
            await Task.Delay(3000);

            await upgrade();

            await Task.Delay(3000);
            await announces.StopAsync();
            await reports.StopAsync();
            await vouchers.StopAsync();
            await CheckAsync(announces, reports, vouchers);
            if (afterwards is not null)
                await afterwards();
        }
        finally
        {
            await ClonedVersion.This.RunAsync(Environment, "down", "--data", _data);
        }
    }

    private async Task CheckAsync(OneShotLoad announces, ReportLoad reports, VoucherLoad vouchers)
    {
        var report = new ChaosReport([announces.Announces, announces.Scrapes, reports.Reports]);
        var (wrong, lost, doubled) = await reports.CompareTotalsAsync();
        var ledger = await ReportLoad.ReadLedgerAsync(await DatabaseAsync());
        (report.Receipts, report.WrongTotals, report.LedgerBytes) = (reports.Acknowledged.Count, wrong, ledger.Sum(row => row.Bytes));
        report.Lost = Math.Max(lost, reports.Acknowledged.Except(ledger.Select(row => row.Piece)).Count());
        report.Doubled = Math.Max(doubled, ledger.Count - ledger.DistinctBy(row => row.Piece).Count());
        foreach (var line in report.Lines())
            output.WriteLine(line);
        output.WriteLine($"members who joined meanwhile: {vouchers.Receivers}; bytes of vouchers acknowledged: {vouchers.Acknowledged}; totals of senders and receivers: {await vouchers.TotalsAsync()}");

        Assert.True(announces.Announces.Sent > 1000 && announces.Scrapes.Sent > 100 && report.Receipts > 100 && vouchers.Acknowledged > 10_000);
        Assert.Equal((0, 0, 0), (report.WrongTotals, report.Lost, report.Doubled));
        Assert.Equal((long)report.Receipts * ReportLoad.Bytes, report.LedgerBytes);
        Assert.Equal((vouchers.Acknowledged, vouchers.Acknowledged), await vouchers.TotalsAsync());
        Assert.True(report.FailedShare < MostFailed, $"{report.FailedShare:P3} of the requests failed.");
    }

    private async Task RollAsync(ClonedVersion to)
    {
        output.WriteLine(await ClonedVersion.This.RunAsync(Environment, Rolling(to)));
        Say($"all run {to.Root}");
        await CheckClonesAsync(to.Root);
    }

    /// <summary>A version that may not use the database any more does not start: what was there is put back, and nothing else is touched.</summary>
    private async Task RefuseAsync(ClonedVersion to)
    {
        var (code, said) = await ClonedVersion.This.TryAsync(Environment, Rolling(to));
        Say("put back");
        Assert.NotEqual(0, code);
        Assert.Contains("The database is newer than this program", said, StringComparison.Ordinal);
        Assert.Contains($"silo-1 did not become ready with the programs of {to.Root} and has those of {Clone.Root} again; nothing else was changed", said, StringComparison.Ordinal);
        await CheckClonesAsync(Clone.Root);
    }

    /// <summary>Whoever keeps processes running starts again what was put there, not what it was built with itself.</summary>
    private async Task KillAsync(ClonedVersion running)
    {
        var before = await HostAsync();
        using (var victim = Process.GetProcessById((int)before["pid"]!))
            victim.Send(Signal.Kill);
        await Wait.UntilAsync(async () => await HostAsync() is var now && (string?)now["state"] == "ready" && (int)now["pid"]! != (int)before["pid"]!, patience: TimeSpan.FromMinutes(2));
        await CheckClonesAsync(running.Root);

        async Task<JsonNode> HostAsync() => (await StatusAsync())["processes"]!.AsArray().Single(process => (string?)process!["name"] == "silo-2")!;
    }

    private string[] Rolling(ClonedVersion to) => ["rolling-restart", "--data", _data, "--clone", to.Root];

    /// <summary>Those on record are those that run, as the kernel has it.</summary>
    private async Task CheckClonesAsync(string root)
    {
        var hosts = (await StatusAsync())["processes"]!.AsArray().Where(process => (string)process!["name"]! is ['s' or 'a', ..]).ToList();
        Assert.Equal(5, hosts.Count);
        Assert.All(hosts, host =>
        {
            Assert.Equal(("ready", root), ((string?)host!["state"], (string?)host["clone"]));
            Assert.Contains($"{root}/", File.ReadAllText($"/proc/{(int)host["pid"]!}/cmdline"), StringComparison.Ordinal);
        });
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var database = NpgsqlDataSource.Create(await DatabaseAsync());
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<string> DatabaseAsync() => (string)(await StatusAsync())["database"]!;

    private async Task<JsonNode> StatusAsync() => JsonNode.Parse(await ClonedVersion.This.RunAsync(Environment, "status", "--json", "--data", _data))!;

    private void Say(string what) => output.WriteLine($"{_clock.Elapsed:mm\\:ss} {what}");
}
