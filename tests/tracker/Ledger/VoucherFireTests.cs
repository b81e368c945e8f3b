using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Protocol.Vouchers;
using Pbts.Tracker.Tests.Evidence;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Ledger;

/// <summary>Rising vouchers of ten thousand sessions through killed silos and a restarted database: each counts once, at its highest.</summary>
public sealed class VoucherFireTests(ITestOutputHelper output)
{
    private const int Members = 20;
    private const int Sessions = 10_000;
    private const int Rises = 5;
    private const int MostInReport = 400;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    [Fact]
    [Trait("suite", "slow")]
    public async Task Vouchers_reported_in_any_order_again_and_through_kills_credit_their_maxima()
    {
        // A server of its own, because it is restarted.
        var server = new PostgresServer();
        await server.InitializeAsync();
        try
        {
            await RunAsync(server);
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    private async Task RunAsync(PostgresServer server)
    {
        var database = await server.CreateDatabaseAsync();
        var silos = new NodeProcess[3];
        for (var i = 0; i < silos.Length; i++)
            silos[i] = await NodeProcess.StartSiloAsync(database, ("PBTS_NAME", $"silo-{i + 1}"));
        await using var one = await NodeProcess.StartApiAsync(database);
        await using var other = await NodeProcess.StartApiAsync(database);
        try
        {
            var members = await Task.WhenAll(Enumerable.Range(0, Members).Select(i => Member.RegisteredAsync(one.Http, $"m{i}")));
            var (reports, expected) = Sign(members, InstanceId.From(Convert.FromHexString(await one.Http.InstanceIdAsync())));
            var (clock, retries, kills, next) = (Stopwatch.StartNew(), 0, 0, -1);
            using var done = new CancellationTokenSource();
            var disturbing = DisturbAsync();
            await Task.WhenAll(Enumerable.Range(0, 6).Select(worker => Task.Run(async () =>
            {
                for (var i = Interlocked.Increment(ref next); i < reports.Length; i = Interlocked.Increment(ref next))
                    await SendAsync(worker % 2 == 0 ? one.Http : other.Http, reports[i]);
            })));
            var took = clock.Elapsed;
            await done.CancelAsync();
            await disturbing;

            var vouchers = reports.Sum(report => report.Vouchers.Length);
            output.WriteLine($"{vouchers} vouchers of {Sessions} sessions in {reports.Length} reports in {took.TotalSeconds:F1} s = {vouchers / took.TotalSeconds:F0}/s; {kills} silos killed, PostgreSQL restarted once, {retries} reports sent again");
            Assert.True(kills >= 2);
            for (var i = 0; i < Members; i++)
                Assert.Equal(expected[i], await members[i].TotalsAsync(i % 2 == 0 ? one.Http : other.Http));
            Assert.Equal(expected.Sum(total => total.Up), expected.Sum(total => total.Down));
            await using var source = NpgsqlDataSource.Create(database);
            await using var command = source.CreateCommand("SELECT count(*), sum(credited)::bigint, sum(bytes)::bigint FROM voucher_sessions");
            await using var reader = await command.ExecuteReaderAsync();
            Assert.True(await reader.ReadAsync());
            Assert.Equal(((long)Sessions, expected.Sum(total => total.Up), expected.Sum(total => total.Up)), (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2)));
            await AuditAsync(database, members, one);

            async Task SendAsync(HttpClient tracker, (Member Sender, JsonObject[] Vouchers) report)
            {
                while (true)
                {
                    try
                    {
                        var (status, answer) = await report.Sender.ReportVouchersAsync(tracker, report.Vouchers);
                        if (status == HttpStatusCode.OK && answer["voucher_results"]!.AsArray().All(result => (string)result!["status"]! is "accepted" or "duplicate"))
                            return;
                        Assert.True(status != HttpStatusCode.OK || answer["voucher_results"]!.AsArray().All(result => (string)result!["status"]! is "accepted" or "duplicate" or "busy"), answer.ToJsonString());
                    }
                    catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
                    {
                    }

                    Interlocked.Increment(ref retries);
                    Assert.True(clock.Elapsed < Patience);
                    await Task.Delay(200, CancellationToken.None);
                }
            }

            async Task DisturbAsync()
            {
                for (var round = 0; !done.IsCancellationRequested; round++)
                {
                    if (await WaitAsync(5))
                        return;
                    await silos[round % silos.Length].KillAsync();
                    kills++;
                    if (round == 1)
                        await server.RestartAsync();
                    await WaitAsync(3);
                    silos[round % silos.Length] = await silos[round % silos.Length].StartAgainAsync();
                }
            }

            async Task<bool> WaitAsync(int seconds)
            {
                try
                {
                    await Task.Delay(TimeSpan.FromSeconds(seconds), done.Token);
                    return false;
                }
                catch (OperationCanceledException)
                {
                    return true;
                }
            }
        }
        finally
        {
            foreach (var silo in silos)
                await silo.DisposeAsync();
        }
    }

    /// <summary>The database as a whole, and what each member is given of it, before the one auditor and the other.</summary>
    private async Task AuditAsync(string database, Member[] members, NodeProcess tracker)
    {
        var clock = Stopwatch.StartNew();
        await using (var audit = CliProcess.Start(null, [("PBTS_DATABASE", database)], "audit", "--database", "--json"))
        {
            var verdict = await audit.SucceedAsync(Patience);
            Assert.Equal((Members, Sessions), (verdict.GetProperty("members").GetInt32(), verdict.GetProperty("vouchers").GetInt32()));
            output.WriteLine($"pbts audit --database: {Sessions} vouchers in {clock.Elapsed.TotalSeconds:F1} s; {verdict}");
        }

        var folder = Directory.CreateTempSubdirectory("pbts-fire").FullName;
        try
        {
            var seen = 0;
            foreach (var member in members)
            {
                var file = Path.Combine(folder, "evidence.ndjson");
                await using var fetch = CliProcess.Start(null, [("PBTS_PASSKEY", member.Passkey)], "evidence", member.UserId, "--out", file, "--tracker", $"{tracker.Url}", "--json");
                await fetch.SucceedAsync(Patience);
                var (exitCode, answer) = await OtherAuditor.RunAsync(file);
                Assert.True(exitCode == 0, answer.ToJsonString());
                seen += (int)answer["vouchers"]!;
            }

            // Each is in the sender's file and in the receiver's.
            Assert.Equal(2 * Sessions, seen);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Reports of a random number of vouchers, shuffled, every fifth voucher twice; and what each member's totals must become.</summary>
    private static ((Member Sender, JsonObject[] Vouchers)[] Reports, (long Up, long Down)[] Expected) Sign(Member[] members, InstanceId instance)
    {
        var random = new Random(9);
        var expected = new (long Up, long Down)[Members];
        var wanted = new List<(int Sender, int Receiver, int Session, long Bytes)>();
        for (var session = 0; session < Sessions; session++)
        {
            var sender = random.Next(Members);
            var receiver = (sender + 1 + random.Next(Members - 1)) % Members;
            var bytes = 0L;
            for (var rise = 0; rise < Rises; rise++)
            {
                bytes += random.Next(1, 400_000);
                wanted.Add((sender, receiver, session, bytes));
            }

            expected[sender].Up += bytes;
            expected[receiver].Down += bytes;
        }

        var vouchers = wanted.AsParallel().AsOrdered()
            .Select(one => (one.Sender, Voucher: members[one.Receiver].Voucher(instance, members[one.Sender], $"{one.Session}", one.Bytes))).ToList();
        vouchers.AddRange(vouchers.Where((_, i) => i % 5 == 0).ToArray());
        var reports = new List<(Member, JsonObject[])>();
        foreach (var ofSender in vouchers.OrderBy(_ => random.Next()).GroupBy(voucher => voucher.Sender))
        {
            var left = ofSender.Select(voucher => voucher.Voucher).ToList();
            while (left.Count > 0)
            {
                var count = Math.Min(left.Count, random.Next(1, MostInReport + 1));
                reports.Add((members[ofSender.Key], [.. left.Take(count)]));
                left.RemoveRange(0, count);
            }
        }

        return ([.. reports.OrderBy(_ => random.Next())], expected);
    }
}
