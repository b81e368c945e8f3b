using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Ledger;

/// <summary>Exactly-once over real processes: two silos, two front ends, one database.</summary>
public sealed class ClusterSpendTests(PostgresServer postgres, ITestOutputHelper output) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Sixty_four_parallel_posts_over_two_silos_and_two_front_ends_credit_once()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var silo = await NodeProcess.StartSiloAsync(database);
        await using var node = await NodeProcess.StartNodeAsync(database);
        await using var api = await NodeProcess.StartApiAsync(database);
        var alice = await Member.RegisteredAsync(node.Http, "alice");
        var bob = await Member.RegisteredAsync(api.Http, "bob");
        for (uint round = 0; round < 4; round++)
        {
            var receipt = bob.Receipt(alice, "contested", round);
            var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => alice.ReportAsync(i % 2 == 0 ? node.Http : api.Http, receipt)));
            Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { HttpStatusCode.OK, HttpStatusCode.TooManyRequests }));
            Assert.Equal(1, answers.Count(answer => answer.Status == HttpStatusCode.OK && answer.Answer.Statuses()[0] == "accepted"));
        }

        Assert.Equal((4000, 0), await alice.TotalsAsync(api.Http));
        Assert.Equal((0, 4000), await bob.TotalsAsync(node.Http));
    }

    [Fact]
    public async Task Sixty_four_posts_of_one_receipt_through_a_silo_kill_and_a_database_restart_credit_once()
    {
        // A server of its own: the one the other tests share has hundreds of databases to recover.
        var server = new PostgresServer();
        await server.InitializeAsync();
        try
        {
            await PostThroughFailuresAsync(server);
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    private async Task PostThroughFailuresAsync(PostgresServer server)
    {
        var database = await server.CreateDatabaseAsync();
        await using var survivor = await NodeProcess.StartSiloAsync(database);
        await using var victim = await NodeProcess.StartSiloAsync(database);
        await using var one = await NodeProcess.StartApiAsync(database);
        await using var other = await NodeProcess.StartApiAsync(database);
        var alice = await Member.RegisteredAsync(one.Http, "alice");
        var bob = await Member.RegisteredAsync(other.Http, "bob");
        var receipt = bob.Receipt(alice, "contested");

        var (retries, clock) = (0, Stopwatch.StartNew());
        var posts = Enumerable.Range(0, 64).Select(async i =>
        {
            // Spread over the kill and the restart; a client that gets no answer, or is told to come back, comes back.
            await Task.Delay(i * 30);
            while (clock.Elapsed < TimeSpan.FromMinutes(2))
            {
                try
                {
                    var (status, answer) = await alice.ReportAsync(i % 2 == 0 ? one.Http : other.Http, receipt);
                    if (status == HttpStatusCode.OK)
                        return answer.Statuses()[0];
                }
                catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
                {
                }

                Interlocked.Increment(ref retries);
                await Task.Delay(200);
            }

            return "never answered";
        }).ToArray();
        await Task.Delay(600);
        await victim.KillAsync();
        await server.RestartAsync();
        var statuses = await Task.WhenAll(posts);

        output.WriteLine($"64 posts answered after {clock.Elapsed.TotalSeconds:F1} s and {retries} retries: {string.Join(", ", statuses.CountBy(status => status))}");
        Assert.All(statuses, status => Assert.Contains(status, new[] { "accepted", "duplicate" }));
        Assert.InRange(statuses.Count(status => status == "accepted"), 0, 1);
        Assert.Equal((1000, 0), await alice.TotalsAsync(one.Http));
        Assert.Equal((0, 1000), await bob.TotalsAsync(other.Http));
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("SELECT sum(bytes)::bigint FROM receipts");
        Assert.Equal(1000L, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task Ten_thousand_receipts_with_every_fifth_replayed_add_up()
    {
        const int Members = 10, Reports = 100, InReport = 100;
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database);
        var members = await Task.WhenAll(Enumerable.Range(0, Members).Select(i => Member.RegisteredAsync(node.Http, $"m{i}")));
        var random = new Random(7);
        var reports = new (Member Sender, JsonObject[] Receipts)[Reports];
        for (var i = 0; i < Reports; i++)
        {
            var sender = members[i % Members];
            var receiver = members[(i + 1 + (i / Members % (Members - 1))) % Members];
            var report = i;
            var fresh = Enumerable.Range(0, InReport * 8 / 10).AsParallel().AsOrdered().Select(n => receiver.Receipt(sender, $"{report}", (uint)n, size: (report * 80) + n + 1)).ToArray();
            // Every fifth is a replay: of this report, or of the last one of the same sender.
            var old = i >= Members ? reports[i - Members].Receipts[..(InReport * 8 / 10)] : fresh;
            reports[i] = (sender, [.. fresh, .. Enumerable.Range(0, InReport - fresh.Length).Select(_ => old[random.Next(old.Length)])]);
        }

        var clock = Stopwatch.StartNew();
        var accepted = 0;
        await Parallel.ForEachAsync(reports, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (report, _) =>
        {
            // On a slow machine eight at a time may be more than it verifies in time, of a report or of some in it; what was not is safely sent again.
            while (true)
            {
                var (status, answer) = await report.Sender.ReportAsync(node.Http, report.Receipts);
                if (status != HttpStatusCode.TooManyRequests)
                {
                    Assert.Equal(HttpStatusCode.OK, status);
                    Interlocked.Add(ref accepted, (int)answer["verified_receipts"]!);
                    if (!answer["results"]!.AsArray().Any(result => (string?)result!["status"] == "busy"))
                        break;
                }

                await Task.Delay(500, CancellationToken.None);
            }
        });
        output.WriteLine($"{Reports * InReport} receipts in {clock.Elapsed.TotalSeconds:F1} s: {Reports * InReport / clock.Elapsed.TotalSeconds:F0} receipts/s, {accepted} accepted");

        Assert.Equal(Reports * InReport * 8 / 10, accepted);
        var totals = await Task.WhenAll(members.Select(member => member.TotalsAsync(node.Http)));
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("SELECT sum(bytes)::bigint FROM receipts");
        var ledger = (long)(await command.ExecuteScalarAsync())!;
        Assert.True(ledger > 0);
        Assert.Equal((ledger, ledger), (totals.Sum(total => total.Uploaded), totals.Sum(total => total.Downloaded)));
    }

    [Fact]
    public async Task A_silo_killed_between_reports_loses_nothing_and_retries_change_nothing()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var front = await NodeProcess.StartNodeAsync(database);
        var victim = await NodeProcess.StartSiloAsync(database);
        var senders = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Member.RegisteredAsync(front.Http, $"s{i}")));
        var receiver = await Member.RegisteredAsync(front.Http, "receiver");
        var sent = 0;
        using var stop = new CancellationTokenSource();
        var work = senders.Select(async sender =>
        {
            for (uint i = 0; !stop.IsCancellationRequested; i++)
            {
                var receipt = receiver.Receipt(sender, "piece", i);
                // A client retries the same report until it is processed.
                while ((await sender.ReportAsync(front.Http, receipt)).Status != HttpStatusCode.OK)
                    await Task.Delay(100);
                Interlocked.Increment(ref sent);
            }
        }).ToArray();

        await Task.Delay(1500);
        var before = sent;
        await victim.DisposeAsync();
        await Task.Delay(15_000);
        await stop.CancelAsync();
        await Task.WhenAll(work);

        output.WriteLine($"{before} receipts before the kill, {sent} in all");
        Assert.True(sent > before, "Reports went on after the silo was killed.");
        var totals = await Task.WhenAll(senders.Select(sender => sender.TotalsAsync(front.Http)));
        Assert.Equal(1000L * sent, totals.Sum(total => total.Uploaded));
        Assert.Equal((0, 1000L * sent), await receiver.TotalsAsync(front.Http));
    }

    [Fact]
    public async Task Restarting_everything_keeps_users_totals_and_spent_receipts()
    {
        var database = await postgres.CreateDatabaseAsync();
        var node = await NodeProcess.StartNodeAsync(database);
        try
        {
            var (alice, bob) = (await Member.RegisteredAsync(node.Http, "alice"), await Member.RegisteredAsync(node.Http, "bob"));
            var receipt = bob.Receipt(alice, "one");
            await alice.ReportAsync(node.Http, receipt);
            var instance = await node.Http.InstanceIdAsync();
            Assert.Equal(HttpStatusCode.OK, (await node.Http.PostTextAsync("/config", """{"receipt_window":7200}""")).Status);

            // Killed, and back on its own ports: others do not wait for the dead one to be given up.
            node = await node.StartAgainAsync();
            Assert.Equal(instance, await node.Http.InstanceIdAsync());
            Assert.Equal(7200, (long)(await node.Http.GetJsonAsync("/config")).Answer["receipt_window"]!);
            Assert.Equal(["duplicate"], (await alice.ReportAsync(node.Http, receipt)).Answer.Statuses());
            // A longer window does not make a spent receipt spendable.
            Assert.Equal(HttpStatusCode.OK, (await node.Http.PostTextAsync("/config", """{"receipt_window":31536000}""")).Status);
            Assert.Equal(["duplicate"], (await alice.ReportAsync(node.Http, receipt)).Answer.Statuses());
            Assert.Equal((1000, 0), await alice.TotalsAsync(node.Http));
        }
        finally
        {
            await node.DisposeAsync();
        }
    }
}
