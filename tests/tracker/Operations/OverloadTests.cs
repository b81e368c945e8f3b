using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Operations;

/// <summary>Callers that want too much, and a database that is away.</summary>
public sealed class OverloadTests(PostgresServer postgres, ITestOutputHelper output) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task An_address_that_announces_too_often_is_told_to_come_back_and_no_other_suffers()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(),
            ("Tracker__TrustedProxies__0", "127.0.0.1"), ("Tracker__AnnounceRate", "0.1"), ("Tracker__AnnounceBurst", "5"));
        var tracker = new Announcer(node);
        var torrent = Announcer.NewTorrent();
        for (var peer = 1; peer <= 5; peer++)
            Assert.False((await From("203.0.113.9", peer)).Has("warning message"));

        var limited = await From("203.0.113.9", 6);
        Assert.Equal("tracker is busy, try again soon", limited.Warning);
        Assert.Null(limited.Failure);
        Assert.True(limited.Has("retry in"));
        Assert.Equal(5, (await From("203.0.113.10", 7)).Incomplete - 1);
        for (var peer = 1; peer <= 5; peer++)
            Assert.False((await From($"2001:db8:0:1::{peer}", peer)).Has("warning message"));
        // One /64 is one customer.
        Assert.True((await From("2001:db8:0:1::6", 6)).Has("warning message"));
        Assert.False((await From("2001:db8:0:2::6", 6)).Has("warning message"));

        Task<TrackerReply> From(string address, int peer) => tracker.AnnounceAsync(torrent, peer, 1, headers: $"X-Forwarded-For: {address}\r\n");
    }

    [Fact]
    public async Task A_member_that_announces_too_often_is_told_to_come_back_from_whatever_address()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(),
            ("Tracker__TrustedProxies__0", "127.0.0.1"), ("Tracker__AnnounceRate", "0.1"), ("Tracker__AnnounceBurst", "3"));
        var member = await Member.RegisteredAsync(node.Http, "member");
        var tracker = new Announcer(node);
        var target = Announcer.Target(Announcer.NewTorrent(), 1, 0, path: "/announce/" + member.Passkey);
        for (var address = 1; address <= 3; address++)
            Assert.Null((await tracker.GetAsync(target, headers: $"X-Forwarded-For: 203.0.113.{address}\r\n")).Warning);
        Assert.NotNull((await tracker.GetAsync(target, headers: "X-Forwarded-For: 203.0.113.4\r\n")).Warning);
    }

    [Fact]
    public async Task Reports_beyond_the_limit_are_refused_with_429_and_may_be_made_again_later()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(),
            ("Tracker__TrustedProxies__0", "127.0.0.1"), ("Receipts__ReportRate", "0.1"), ("Receipts__ReportBurst", "2"));
        var sender = await Member.RegisteredAsync(node.Http, "sender");
        var receiver = await Member.RegisteredAsync(node.Http, "receiver");
        var report = new JsonObject { ["user_id"] = sender.UserId, ["receipts"] = new JsonArray(receiver.Receipt(sender, "piece")) }.ToJsonString();
        Assert.Equal(HttpStatusCode.OK, await ReportAsync());
        Assert.Equal(HttpStatusCode.OK, await ReportAsync());
        Assert.Equal(HttpStatusCode.TooManyRequests, await ReportAsync());
        await Task.Delay(12_500);
        Assert.Equal(HttpStatusCode.OK, await ReportAsync());
        Assert.Equal((1000, 0), await sender.TotalsAsync(node.Http));

        async Task<HttpStatusCode> ReportAsync() => (await node.Http.PostTextAsync("/report", report, headers: ("X-Forwarded-For", "203.0.113.9"))).Status;
    }

    [Fact]
    public async Task While_the_database_is_away_announces_go_on_and_reports_fail_fast_and_nothing_is_lost()
    {
        var own = new PostgresServer();
        await own.InitializeAsync();
        await using (var node = await NodeProcess.StartNodeAsync(await own.CreateDatabaseAsync(), ("PBTS_ADMIN_TOKEN", "a token for the console")))
        {
            var tracker = new Announcer(node);
            var sender = await Member.RegisteredAsync(node.Http, "sender");
            var receiver = await Member.RegisteredAsync(node.Http, "receiver");
            var known = Announcer.NewTorrent();
            await tracker.GetAsync(Announcer.Target(known, 1, 1, path: "/announce/" + sender.Passkey));
            Assert.Equal(["accepted"], (await sender.ReportAsync(node.Http, receiver.Receipt(sender, "before"))).Answer.Statuses());

            await own.StopAsync();
            var slowest = TimeSpan.Zero;
            for (var i = 0; i < 60; i++)
            {
                var clock = Stopwatch.StartNew();
                // Old swarms and new ones, strangers and a member that was seen before.
                var reply = await tracker.GetAsync(Announcer.Target(i % 2 == 0 ? known : Announcer.NewTorrent(), i + 2, 1, path: i % 3 == 0 ? "/announce/" + sender.Passkey : "/announce"));
                Assert.Null(reply.Failure);
                Assert.Null(reply.Warning);
                slowest = clock.Elapsed > slowest ? clock.Elapsed : slowest;
            }

            output.WriteLine($"60 announces without the database, the slowest {slowest.TotalMilliseconds:F0} ms");
            var reporting = Stopwatch.StartNew();
            var (status, _) = await sender.ReportAsync(node.Http, receiver.Receipt(sender, "during"));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
            output.WriteLine($"a report was refused after {reporting.Elapsed.TotalSeconds:F2} s");
            Assert.True(reporting.Elapsed < TimeSpan.FromSeconds(15), $"The refusal took {reporting.Elapsed}.");
            using var ready = await node.Http.GetAsync("/health/ready");
            Assert.Equal(HttpStatusCode.OK, ready.StatusCode);

            await own.StartAsync();
            for (var tries = 0; (await sender.ReportAsync(node.Http, receiver.Receipt(sender, "during"), receiver.Receipt(sender, "before"))).Status != HttpStatusCode.OK; tries++)
            {
                Assert.True(tries < 60, node.Log);
                await Task.Delay(500);
            }

            Assert.Equal((2000, 0), await sender.TotalsAsync(node.Http));
            Assert.Equal((0, 2000), await receiver.TotalsAsync(node.Http));
            // Of the 31 eleven are the member's, who has three peers in a swarm.
            Assert.Equal(23, (await tracker.ScrapeAsync(known))!.Incomplete);
        }

        await own.DisposeAsync();
    }

    [Fact]
    public async Task While_the_database_hangs_announces_go_on_and_reports_are_refused_soon()
    {
        var own = new PostgresServer();
        await own.InitializeAsync();
        await using (var node = await NodeProcess.StartNodeAsync(await own.CreateDatabaseAsync()))
        {
            var tracker = new Announcer(node);
            var sender = await Member.RegisteredAsync(node.Http, "sender");
            var receiver = await Member.RegisteredAsync(node.Http, "receiver");
            var known = Announcer.NewTorrent();
            await tracker.AnnounceAsync(known, 1, 1);
            Assert.Equal(["accepted"], (await sender.ReportAsync(node.Http, receiver.Receipt(sender, "before"))).Answer.Statuses());

            own.Freeze();
            try
            {
                var clock = Stopwatch.StartNew();
                var reports = Task.WhenAll(Enumerable.Range(0, 10).Select(async i =>
                {
                    var (status, _) = await sender.ReportAsync(node.Http, receiver.Receipt(sender, "during", (uint)i));
                    return (status, clock.Elapsed);
                }));
                for (var i = 0; i < 60; i++)
                    Assert.Null((await tracker.AnnounceAsync(i % 10 == 0 ? Announcer.NewTorrent() : known, i + 2, 1)).Failure);
                output.WriteLine($"60 announces without an answer of the database: {clock.Elapsed.TotalSeconds:F1} s");
                foreach (var (status, took) in await reports)
                {
                    Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
                    output.WriteLine($"a report was refused after {took.TotalSeconds:F1} s");
                    Assert.True(took < TimeSpan.FromSeconds(15), $"The refusal took {took}.");
                }
            }
            finally
            {
                own.Thaw();
            }

            for (var tries = 0; (await sender.ReportAsync(node.Http, receiver.Receipt(sender, "after"), receiver.Receipt(sender, "before"))).Status != HttpStatusCode.OK; tries++)
            {
                Assert.True(tries < 60, node.Log);
                await Task.Delay(500);
            }
        }

        await own.DisposeAsync();
    }
}
