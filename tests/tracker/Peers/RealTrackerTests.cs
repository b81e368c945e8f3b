using System.Net;
using System.Net.Sockets;
using Pbts.Cli.Commands;
using Pbts.Peer;
using Pbts.Peer.Exchange;
using Pbts.Protocol.Vouchers;
using Pbts.Tracker.Tests.Support;
using static Pbts.Tracker.Tests.Peers.TransferSetup;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>The whole way with the real tracker: register, announce, transfer, report, credit.</summary>
[Collection("node")]
public sealed class RealTrackerTests(SharedNode shared) : MemberCommands(shared.Node.Url)
{
    [Fact]
    public async Task A_download_credits_the_seeder_and_debits_the_downloader_to_the_byte()
    {
        var (alice, bob) = (await NewMemberAsync("alice"), await NewMemberAsync("bob"));
        var torrent = await NewTorrentAsync(700_000, 65536);
        using var stopSeeding = new CancellationTokenSource();
        var seeding = RunAsync(stopSeeding.Token, "seed", torrent, "--data", Folder, "--user", alice.Id, "--key", alice.Key, "--state", At("s1"), "--listen", "127.0.0.1", "--json");

        var got = await RunAsync(default, "get", torrent, "--data", At("got"), "--user", bob.Id, "--key", bob.Key, "--state", At("s2"), "--listen", "127.0.0.1", "--timeout", "60", "--json");
        Assert.True(got.ExitCode == 0, got.Error);
        Assert.Equal(await File.ReadAllBytesAsync(At("data.bin")), await File.ReadAllBytesAsync(At("got/data.bin")));
        Assert.Equal((0, 700_000), (Json(got).GetProperty("receipts_signed").GetInt32(), Json(got).GetProperty("bytes_signed").GetInt32()));
        Assert.Equal(0, Json(got).GetProperty("vouchers_undelivered").GetInt32());

        // The seeder reports by itself; ending it reports the rest.
        await stopSeeding.CancelAsync();
        var seeded = await seeding;
        Assert.True(seeded.ExitCode == 0, seeded.Error);
        Assert.True(Json(seeded).GetProperty("voucher_bytes_credited").GetInt32() == 700_000, seeded.Output + seeded.Error);
        Assert.Equal(0, Json(seeded).GetProperty("vouchers_waiting").GetInt32());
        Assert.Equal((700_000, 0), await TotalsAsync(alice.Id));
        Assert.Equal((0, 700_000), await TotalsAsync(bob.Id));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_seeder_earned_while_its_tracker_was_away_is_credited_later_and_once(bool vouchers)
    {
        var instance = InstanceId.From(Convert.FromHexString(await shared.Node.Http.InstanceIdAsync()));
        PeerOptions Meeting(PeerOptions options) => vouchers ? options with { Instance = instance } : options;
        var (alice, bob) = (await NewMemberAsync("carol"), await NewMemberAsync("dave"));
        using var setup = await CreateAsync(300_000, 65536);
        Assert.True(KeyFile.TryRead(alice.Key, out var aliceKey, out _) & KeyFile.TryRead(bob.Key, out var bobKey, out _));
        using var nobody = new TrackerClient("http://127.0.0.1:1") { Member = (alice.Id, aliceKey!) };
        await using (var seed = await setup.StartAsync("seed", aliceKey, nobody, Meeting))
        await using (var get = await setup.StartAsync("get", bobKey, change: Meeting))
        {
            get.AddPeers([Address(seed)]);
            await get.Session.Completed.WaitAsync(TimeSpan.FromSeconds(30));
            Assert.True(await get.DeliverReceiptsAsync(TimeSpan.FromSeconds(30), default));
        }
        Assert.Equal((0, 0), await TotalsAsync(alice.Id));

        // The journal holds what the tracker never heard; report finds it by the key.
        var state = Path.Combine(Folder, "state", aliceKey!.PublicKey.ToString()[..16]);
        Directory.CreateDirectory(Path.GetDirectoryName(state)!);
        Directory.Move(Path.Combine(setup.Folder, "seed.state"), state);
        for (var time = 0; time < 2; time++)
        {
            var copy = At($"copy{time}");
            Directory.CreateDirectory(Path.Combine(copy, Path.GetFileName(state)));
            foreach (var file in Directory.GetFiles(state))
                File.Copy(file, Path.Combine(copy, Path.GetFileName(state), Path.GetFileName(file)));
            var report = await RunAsync(default, "report", "--user", alice.Id, "--key", alice.Key, "--tracker", Url, "--state", copy, "--json");
            Assert.True(report.ExitCode == 0, report.Error);
            Assert.Equal((vouchers ? 0 : 5, 0), (Json(report).GetProperty("credited").GetInt32(), Json(report).GetProperty("waiting").GetInt32()));
            Assert.Equal((vouchers && time == 0 ? 300_000 : 0, 0), (Json(report).GetProperty("voucher_bytes_credited").GetInt32(), Json(report).GetProperty("vouchers_waiting").GetInt32()));
            Assert.Equal((300_000, 0), await TotalsAsync(alice.Id));
            Assert.Equal((0, 300_000), await TotalsAsync(bob.Id));
        }
        aliceKey.Dispose();
        bobKey!.Dispose();
    }

    [Fact]
    public async Task Three_members_swarm_and_the_ledger_balances()
    {
        var members = new List<MemberFiles>();
        foreach (var name in new[] { "eve", "frank", "grace", "heidi" })
            members.Add(await NewMemberAsync(name));
        var torrent = await NewTorrentAsync(2_000_000, 32768);
        using var stopSeeding = new CancellationTokenSource();
        var seeding = RunAsync(stopSeeding.Token, "seed", torrent, "--data", Folder, "--user", members[0].Id, "--key", members[0].Key, "--state", At("s0"), "--listen", "127.0.0.1", "--upload-slots", "2");
        var gets = members.Skip(1).Select((m, i) => RunAsync(default, "get", torrent, "--data", At($"d{i}"), "--user", m.Id, "--key", m.Key,
            "--state", At($"s{i + 1}"), "--listen", "127.0.0.1", "--timeout", "90", "--json")).ToArray();
        foreach (var get in await Task.WhenAll(gets))
            Assert.True(get.ExitCode == 0, get.Error);
        await stopSeeding.CancelAsync();
        Assert.Equal(0, (await seeding).ExitCode);

        var totals = new List<(long Up, long Down)>();
        foreach (var member in members)
            totals.Add(await TotalsAsync(member.Id));
        Assert.Equal(totals.Sum(t => t.Up), totals.Sum(t => t.Down));
        Assert.All(totals.Skip(1), t => Assert.InRange(t.Down, 2_000_000, 2_200_000));
        Assert.Equal(0, totals[0].Down);
    }

    [Fact]
    public async Task A_download_whose_last_peer_left_asks_for_others_long_before_the_interval()
    {
        using var setup = await CreateAsync(100_000, 16384, Url + "/announce");
        using var tracker = new TrackerClient(Url);
        using var idler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        idler.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        idler.Listen();
        await AnnounceAsync((IPEndPoint)idler.LocalEndPoint!, left: 1);
        await using var get = await setup.StartAsync("get", identity: null, tracker);
        using (var called = await idler.AcceptAsync())
        {
            await called.SendAsync(PeerHandshake.Build(setup.Torrent.InfoHash, "-XX0000-leaving-soon"u8));
            await EventuallyAsync(() => get.Session.PeerCount == 1, "met the one that leaves");
        }
        // The seed asks the tracker nothing, so it does not call: it has to be found.
        await using var seed = await setup.StartAsync("seed", identity: null);
        await AnnounceAsync(Address(seed), left: 0);
        await get.Session.Completed.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(setup.Data, setup.Downloaded("get"));

        async Task AnnounceAsync(IPEndPoint peer, long left)
        {
            var reply = await tracker.AnnounceAsync(new AnnounceRequest
            {
                InfoHash = setup.Torrent.InfoHash, PeerId = [.. "-XX0000-"u8, .. BitConverter.GetBytes(peer.Port), .. new byte[8]], Port = peer.Port, Left = left, Event = "started",
            }, default);
            Assert.Null(reply.Failure);
        }
    }

    [Fact]
    public async Task Commands_speak_to_the_tracker_and_fail_with_their_exit_codes()
    {
        var member = await NewMemberAsync("ivan");
        Assert.Equal(ExitCodes.Refused, (await RunAsync(default, "user", "nobody-of-this-name", "--tracker", Url)).ExitCode);
        var user = await RunAsync(default, "user", member.Id, "--tracker", Url, "--json");
        Assert.Equal(member.Id, Json(user).GetProperty("user_id").GetString());
        Assert.Equal(ExitCodes.Unreachable, (await RunAsync(default, "user", member.Id, "--tracker", "http://127.0.0.1:1")).ExitCode);
        Assert.Equal(ExitCodes.Usage, (await RunAsync(default, "register", "a/b", "--key", member.Key, "--tracker", Url)).ExitCode);
        Assert.Equal(ExitCodes.File, (await RunAsync(default, "register", "judy", "--key", At("no-such-key"), "--tracker", Url)).ExitCode);

        var torrent = "0123456789abcdef0123456789abcdef01234567";
        var announced = await RunAsync(default, "announce", torrent, "--tracker", Url, "--port", "7001", "--event", "started", "--json");
        Assert.True(announced.ExitCode == 0, announced.Error);
        var second = await RunAsync(default, "announce", torrent, "--tracker", Url, "--port", "7002", "--left", "5", "--json");
        Assert.Contains("127.0.0.1:7001", Json(second).GetProperty("peers").EnumerateArray().Select(p => p.GetString()));
        var scrape = await RunAsync(default, "scrape", torrent, "--tracker", Url, "--json");
        Assert.Equal(1, Json(scrape).GetProperty("files").GetProperty(torrent).GetProperty("complete").GetInt32());
        var config = await RunAsync(default, "config", "--tracker", Url, "--json");
        Assert.True(Json(config).GetProperty("verify_signatures").GetBoolean());
        Assert.Equal(ExitCodes.Refused, (await RunAsync(default, "config", "receipt_window=-1", "--tracker", Url)).ExitCode);
    }
}
