using System.Diagnostics;
using System.Net;
using Pbts.Tracker.Tests.Clients;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Swarms;

/// <summary>Claimed totals through a real node: a real client's transfer, a clean stop, and what the ratio gate makes of them.</summary>
public sealed class ClaimedTransferNodeTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly IPAddress Other = IPAddress.Parse("127.0.0.2");

    [Fact]
    public async Task A_real_transfer_counts_once_on_either_side_whatever_the_interfaces_and_whoever_leaves_first()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        await Task.WhenAll(
            from interfaces in new[] { "4", "46" }
            from first in new[] { "seeder", "leecher" }
            select TransferAsync(node, interfaces, first));
    }

    [Fact]
    public async Task Claims_of_the_last_seconds_survive_a_clean_stop()
    {
        var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        var alice = await Member.RegisteredAsync(node.Http, "alice");
        for (var round = 1; round <= 3; round++)
        {
            var tracker = new Announcer(node);
            var torrent = Announcer.NewTorrent();
            await tracker.AnnounceAsync(torrent, 2, 5);
            await AnnounceAsync(tracker, alice, torrent, "&event=started");
            await AnnounceAsync(tracker, alice, torrent, "", up: 1000);
            await node.StopAsync();
            node = await node.StartAgainAsync();
            Assert.Equal((1000 * round, 0), await ClaimedAsync(node, alice));
        }

        await node.DisposeAsync();
    }

    [Fact]
    public async Task The_ratio_gate_looks_at_the_totals_it_is_set_to()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database);
        var tracker = new Announcer(node);
        var (taker, sharer) = (await Member.RegisteredAsync(node.Http, "taker"), await Member.RegisteredAsync(node.Http, "sharer"));
        var torrent = Announcer.NewTorrent();
        await tracker.AnnounceAsync(torrent, 9, 5);
        await AnnounceAsync(tracker, taker, torrent, "&event=started");
        await AnnounceAsync(tracker, taker, torrent, "", down: 5000);
        await AnnounceAsync(tracker, sharer, torrent, "&event=started", peer: 2);
        await AnnounceAsync(tracker, sharer, torrent, "", up: 5000, down: 5000, peer: 2);
        await WaitForClaimsAsync(node, taker, (0, 5000));
        await WaitForClaimsAsync(node, sharer, (5000, 5000));

        foreach (var (basis, takerMay, sharerMay) in new[] { ("proven", true, true), ("proven-upload-claimed-download", false, false), ("claimed", false, true) })
        {
            await using var front = await NodeProcess.StartApiAsync(database, ("Ratio__Basis", basis), ("INIT_CREDIT", "1000"), ("MIN_RATIO", "0.5"));
            tracker = new Announcer(front);
            Assert.Equal((basis, takerMay, sharerMay), (basis, await MayAsync(taker, ""), await MayAsync(sharer, "")));

            // Who wants no peers to download from is not asked.
            Assert.True(await MayAsync(taker, "&event=paused"));
        }

        async Task<bool> MayAsync(Member member, string more) =>
            (await tracker.GetAsync(Announcer.Target(torrent, 7, 5, more, "/announce/" + member.Passkey))).Failure is not { } failure
            || !failure.StartsWith("Insufficient ratio", StringComparison.Ordinal);
    }

    private static async Task TransferAsync(NodeProcess node, string interfaces, string first)
    {
        var (alice, bob) = (await Member.RegisteredAsync(node.Http, "alice"), await Member.RegisteredAsync(node.Http, "bob"));
        using var torrent = new TestTorrent(new Uri(node.Url, "/announce"), 256 << 10);
        var (source, target) = (Directory.CreateDirectory(Path.Combine(torrent.Folder, "source")).FullName, Directory.CreateDirectory(Path.Combine(torrent.Folder, "target")).FullName);
        torrent.WriteContentTo(source);
        using var clients = Process.Start(new ProcessStartInfo("/usr/bin/python3",
            [Path.Combine(AppContext.BaseDirectory, "transfer.py"), torrent.MetaInfoPath, source, target, interfaces, Urls(alice), Urls(bob)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            var errors = clients.StandardError.ReadToEndAsync();
            var line = await clients.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(90));
            Assert.True(line == "complete", $"{line}\n{(line is null ? await errors : "")}");
            var tracker = new Announcer(node);
            var peers = interfaces.Length;
            await WaitForPeersAsync(tracker, torrent, count => count == 2 * peers);

            await TellAsync(first);
            await WaitForPeersAsync(tracker, torrent, count => count == peers);
            await TellAsync(first == "seeder" ? "leecher" : "seeder");
            await WaitForClaimsAsync(node, alice, (torrent.Length, 0));
            await WaitForClaimsAsync(node, bob, (0, torrent.Length));
        }
        finally
        {
            clients.Kill();
        }

        async Task TellAsync(string client)
        {
            await clients.StandardInput.WriteLineAsync(client);
            await clients.StandardInput.FlushAsync();
        }

        string Urls(Member member) => string.Join(',', (interfaces == "46" ? new[] { "127.0.0.1", "[::1]" } : ["127.0.0.1"])
            .Select(host => $"http://{host}:{node.Port}/announce/{member.Passkey}"));
    }

    private static Task<TrackerReply> AnnounceAsync(Announcer tracker, Member member, byte[] torrent, string more, long up = 0, long down = 0, int peer = 1) =>
        tracker.GetAsync(Announcer.Target(torrent, peer, 5, more, "/announce/" + member.Passkey).Replace("uploaded=0&downloaded=0", $"uploaded={up}&downloaded={down}", StringComparison.Ordinal), from: Other);

    private static Task WaitForPeersAsync(Announcer tracker, TestTorrent torrent, Func<long, bool> expected) => WaitAsync(
        async () => await tracker.ScrapeAsync(torrent.InfoHash) is var entry && expected((entry?.Complete ?? 0) + (entry?.Incomplete ?? 0)),
        async () => $"these peers are left: {await tracker.ScrapeAsync(torrent.InfoHash)}");

    private static Task WaitForClaimsAsync(NodeProcess node, Member member, (long, long) expected) => WaitAsync(
        async () => await ClaimedAsync(node, member) == expected,
        async () => $"{member.UserId} has {await ClaimedAsync(node, member)}, not {expected}");

    private static async Task<(long Uploaded, long Downloaded)> ClaimedAsync(NodeProcess node, Member member)
    {
        var user = (await node.Http.GetJsonAsync($"/user/{member.UserId}")).Answer;
        return ((long)user["claimed_uploaded"]!, (long)user["claimed_downloaded"]!);
    }

    private static async Task WaitAsync(Func<Task<bool>> condition, Func<Task<string>> problem)
    {
        for (var waited = Stopwatch.StartNew(); !await condition(); await Task.Delay(100))
        {
            if (waited.Elapsed > TimeSpan.FromSeconds(60))
                Assert.Fail(await problem());
        }
    }
}
