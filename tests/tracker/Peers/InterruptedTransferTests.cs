using System.Text.Json;
using Pbts.Local.Processes;
using Pbts.Peer;
using Pbts.Protocol.Torrents;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>Processes that end in the middle (SIGKILL): nothing that was signed for is lost, and nothing counts twice.</summary>
[Collection("node")]
public sealed class InterruptedTransferTests(SharedNode shared) : MemberCommands(shared.Node.Url)
{
    private const int Length = 3_000_001;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_seeder_killed_before_it_reported_reports_after_its_restart(bool knewTracker)
    {
        var (alice, bob) = (await NewMemberAsync("alice"), await NewMemberAsync("bob"));
        var torrent = await NewTorrentAsync(Length, 65536);
        if (knewTracker)
        {
            // Both have met the tracker before, so they sign vouchers for it though it is away; else receipts.
            await RememberTrackerAsync("seed", alice, torrent);
            await RememberTrackerAsync("get", bob, torrent);
        }

        var port = Ports.Text(Ports.Free());
        // Its tracker is not there, so what it receives waits in the journal.
        await using (var seed = Start("seed", torrent, Folder, alice, "--port", port, "--tracker", "http://127.0.0.1:1/announce"))
        {
            await using var get = Start("get", torrent, At("got"), bob, "--peer", $"127.0.0.1:{port}", "--tracker", "http://127.0.0.1:1/announce");
            var got = await get.SucceedAsync(Patience);
            Assert.Equal((knewTracker ? 0 : 46, 0), (got.GetProperty("receipts_signed").GetInt32(), got.GetProperty(knewTracker ? "vouchers_undelivered" : "receipts_undelivered").GetInt32()));
            await seed.KillAsync();
        }
        Assert.Equal((0, 0), await TotalsAsync(alice.Id));

        await using var again = Start("seed", torrent, Folder, alice);
        for (var waited = 0; await TotalsAsync(alice.Id) != (Length, 0); waited++)
        {
            Assert.True(waited < 300, again.Error);
            await Task.Delay(200);
        }
        Assert.Equal((0, Length), await TotalsAsync(bob.Id));
        Assert.Equal(0, (await again.StopAsync(Patience)).GetProperty(knewTracker ? "vouchers_waiting" : "receipts_waiting").GetInt32());
        Assert.Equal((Length, 0), await TotalsAsync(alice.Id));
    }

    private async Task RememberTrackerAsync(string verb, MemberFiles member, string torrent)
    {
        Assert.True(KeyFile.TryRead(member.Key, out var key, out _) & TorrentMetadata.TryParse(await File.ReadAllBytesAsync(torrent), out var metadata, out _));
        using var identity = key!;
        var folder = At($"{verb}.state/{identity.PublicKey.ToString()[..16]}");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, $"{metadata!.InfoHash}.tracker"), await shared.Node.Http.InstanceIdAsync());
    }

    [Theory]
    [InlineData("seed")]
    [InlineData("get")]
    public async Task A_transfer_goes_on_after_one_side_was_killed(string victim)
    {
        var (alice, bob) = (await NewMemberAsync("carol"), await NewMemberAsync("dave"));
        var torrent = await NewTorrentAsync(Length, 65536);
        var port = Ports.Text(Ports.Free());
        CliProcess Seed() => Start("seed", torrent, Folder, alice, "--port", port, "--upload-limit", "600000");
        CliProcess Get() => Start("get", torrent, At("got"), bob, "--peer", $"127.0.0.1:{port}");
        var (seed, get) = (Seed(), Get());
        try
        {
            for (var waited = 0; !File.Exists(At("got/data.bin")) || new FileInfo(At("got/data.bin")).Length < 300_000; waited++)
            {
                Assert.True(waited < 600 && !get.HasExited, get.Error + seed.Error);
                await Task.Delay(100);
            }
            await Task.Delay(1000);
            await (victim == "seed" ? seed : get).KillAsync();
            Assert.False((victim == "seed" ? get : seed).HasExited);
            if (victim == "seed")
                seed = Seed();
            else
                get = Get();
            var got = await get.SucceedAsync(Patience);
            Assert.Equal(0, got.GetProperty("vouchers_undelivered").GetInt32());
            await seed.StopAsync(Patience);
        }
        finally
        {
            await seed.DisposeAsync();
            await get.DisposeAsync();
        }
        Assert.True(await IsSameAsync(At("data.bin"), At("got/data.bin")));
        var (up, down) = (await TotalsAsync(alice.Id), await TotalsAsync(bob.Id));
        Assert.Equal((up.Up, 0), (down.Down, down.Up));
        // Nothing that was verified goes unpaid; what a killed downloader had counted and not yet written came, and counts, twice.
        Assert.InRange(up.Up, Length, victim == "seed" ? Length : Length + 4 * 65536);
    }

    private CliProcess Start(string verb, string torrent, string data, MemberFiles member, params string[] more) => CliProcess.Start(
        [verb, torrent, "--data", data, "--user", member.Id, "--key", member.Key, "--state", At($"{verb}.state"), "--listen", "127.0.0.1", "--quiet", "--json", .. more]);
}
