using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Admission;

/// <summary>
/// What one address can do to everybody else, with the limits as they are by default: next to nothing. While 127.0.0.2 does its
/// worst, 127.0.0.3 announces, reports and registers. Times mean something on a machine that does nothing else, so these run by
/// themselves: <c>./pbts bench stranger</c>.
/// </summary>
[Trait("Category", "Load")]
public sealed class OneAddressTests(PostgresServer postgres, ITestOutputHelper output) : IClassFixture<PostgresServer>
{
    private static readonly TimeSpan Attack = TimeSpan.FromSeconds(12);
    private static readonly byte[] s_known = Announcer.NewTorrent();

    [Fact]
    public Task Ten_thousand_idle_connections() => UnderAsync("10,000 idle connections", async (stranger, stop) =>
    {
        await stranger.HoldAsync(10_000);
        await stop;
    });

    [Fact]
    public Task Six_hundred_unfinished_bodies() => UnderAsync("600 unfinished bodies", async (stranger, stop) =>
    {
        var body = new string('x', 1 << 20);
        foreach (var path in (string[])["/verify-receipt", "/report", "/register"])
            await stranger.HoldAsync(200, $"POST {path} HTTP/1.1\r\nHost: t\r\nContent-Length: 2000000\r\n\r\n{body}");
        await stop;
    });

    [Fact]
    public Task Twelve_connections_of_forged_reports() => UnderAsync("12 connections of forged reports", async (stranger, stop) =>
    {
        var (sender, receiver) = (await Member.RegisteredAsync(stranger.Http, "forger"), await Member.RegisteredAsync(stranger.Http, "forged"));
        var forger = new Member("nobody");
        var forged = Enumerable.Range(0, 50).Select(i => forger.Sign(Encoding.ASCII.GetBytes($"nothing {i}"))).ToArray();
        var reports = Enumerable.Range(0, 4).Select(report =>
        {
            var receipts = Enumerable.Range(0, 1000).Select(i =>
                // Signatures, but of something else.
                (JsonNode)receiver.Receipt(sender, $"{report}", (uint)i, signature: forged[i % forged.Length]));
            var body = new JsonObject { ["user_id"] = sender.UserId, ["receipts"] = new JsonArray([.. receipts]) }.ToJsonString();
            return Encoding.ASCII.GetBytes($"POST /report HTTP/1.1\r\nHost: t\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        }).ToArray();
        using var end = new CancellationTokenSource();
        var flood = stranger.FloodAsync(12, i => reports[i % reports.Length], end.Token);
        await stop;
        await end.CancelAsync();
        output.WriteLine($"answers to the forger: {await flood}");
    });

    [Fact]
    public Task Scrapes_of_random_hashes_at_full_speed() => UnderAsync("scrapes of random hashes", async (stranger, stop) =>
    {
        using var end = new CancellationTokenSource();
        var flood = stranger.FloodAsync(16, _ => Encoding.ASCII.GetBytes(
            $"GET /scrape?{string.Join('&', Enumerable.Range(0, 48).Select(_ => "info_hash=" + Announcer.Escape(RandomNumberGenerator.GetBytes(20))))} HTTP/1.1\r\nHost: t\r\n\r\n"), end.Token);
        await stop;
        await end.CancelAsync();
        output.WriteLine($"answers to the scraper: {await flood}");
    });

    [Fact]
    public Task Five_thousand_made_up_peers() => UnderAsync("5,000 made-up peers", async (stranger, stop) =>
    {
        using var end = new CancellationTokenSource();
        var flood = stranger.FloodAsync(8, i => Announce(s_known, 100 + (i % 5000)), end.Token);
        await stop;
        await end.CancelAsync();
        output.WriteLine($"answers to the crowd: {await flood}");
    });

    [Fact]
    public Task Sixty_thousand_keys() => UnderAsync("60,000 keys", async (stranger, stop) =>
    {
        using var end = new CancellationTokenSource();
        var flood = stranger.FloodAsync(16, i => Announce(s_known, i % 60_000, $"&key={0x9E3779B1 * (uint)i:x8}"), end.Token);
        await stop;
        await end.CancelAsync();
        output.WriteLine($"answers to whoever had the keys: {await flood}");
    });

    private async Task UnderAsync(string what, Func<Stranger, Task, Task> attack)
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), NodeProcess.WithLimits);
        using var stranger = new Stranger(node, "127.0.0.2");
        using var honest = new Stranger(node, "127.0.0.3");
        var (sender, receiver) = (await Member.RegisteredAsync(honest.Http, "sender"), await Member.RegisteredAsync(honest.Http, "receiver"));
        Assert.Equal(["accepted"], (await sender.ReportAsync(honest.Http, receiver.Receipt(sender, "warm"))).Answer.Statuses());
        using var connection = await honest.ConnectAsync();
        for (var i = 0; i < 2000; i++)
            Ask(connection, Announce(s_known, 1));
        var before = node.ResidentBytes;

        var over = new TaskCompletionSource();
        var attacking = attack(stranger, over.Task);
        await Task.Delay(TimeSpan.FromSeconds(1));
        var (times, reports, registrations, most) = (new List<double>(), new List<double>(), new List<double>(), before);
        var other = Task.Run(async () =>
        {
            for (var i = 0; !over.Task.IsCompleted; i++)
            {
                reports.Add(await TimeAsync(async () =>
                    Assert.Equal(["accepted"], (await sender.ReportAsync(honest.Http, receiver.Receipt(sender, $"piece {i}"))).Answer.Statuses())));
                registrations.Add(await TimeAsync(() => Member.RegisteredAsync(honest.Http, "newcomer")));
                await Task.Delay(500);
            }
        });
        // On a thread of its own: a client elsewhere does not share its threads with the stranger, as all here do.
        await Task.Factory.StartNew(() =>
        {
            for (var lasted = Stopwatch.StartNew(); lasted.Elapsed < Attack; Thread.Sleep(5))
            {
                var started = Stopwatch.GetTimestamp();
                Ask(connection, Announce(s_known, 1));
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                most = Math.Max(most, node.ResidentBytes);
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        over.SetResult();
        await other;
        await attacking;
        times.Sort();
        var p99 = times[(int)(times.Count * 0.99)];
        stranger.Dispose();
        await Task.Delay(TimeSpan.FromSeconds(5));
        var busy = node.CpuSeconds;
        await Task.Delay(TimeSpan.FromSeconds(2));
        busy = (node.CpuSeconds - busy) / 2;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what}: {times.Count} announces p50 {times[times.Count / 2]:F2} p99 {p99:F2} max {times[^1]:F1} ms; reports at most {reports.Max():F0} ms, registrations at most {registrations.Max():F0} ms; memory +{(most - before) / 1048576.0:F0} MiB; {100 * busy:F0} % of a core five seconds later"));

        Assert.InRange(p99, 0, 10);
        Assert.InRange(reports.Max(), 0, 1000);
        Assert.InRange(registrations.Max(), 0, 1000);
        Assert.InRange(most - before, long.MinValue, 200 << 20);
        Assert.InRange(busy, 0, 0.25);
        var fresh = await new Announcer(node).AnnounceAsync(Announcer.NewTorrent(), 1, 1, from: honest.Address);
        Assert.Equal((null, null, 1L), (fresh.Failure, fresh.Warning, fresh.Incomplete));
        Assert.Equal(HttpStatusCode.OK, (await honest.Http.GetAsync("/health/ready")).StatusCode);
    }

    private static byte[] Announce(byte[] torrent, int peer, string more = "") =>
        Encoding.ASCII.GetBytes($"GET {Announcer.Target(torrent, peer, 1, more)} HTTP/1.1\r\nHost: t\r\n\r\n");

    private static void Ask(Socket connection, byte[] request)
    {
        connection.Send(request);
        var buffer = new byte[16 * 1024];
        var count = connection.Receive(buffer);
        Assert.Contains("8:complete", Encoding.Latin1.GetString(buffer, 0, count), StringComparison.Ordinal);
    }

    private static async Task<double> TimeAsync(Func<Task> work)
    {
        var started = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }
}
