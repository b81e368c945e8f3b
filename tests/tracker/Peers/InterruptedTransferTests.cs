using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>Processes that end in the middle (SIGKILL): nothing that was signed for is lost, and nothing counts twice.</summary>
[Collection("node")]
public sealed class InterruptedTransferTests(SharedNode shared) : MemberCommands(shared.Node.Url)
{
    private const int Length = 3_000_001;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task A_seeder_killed_before_it_reported_reports_after_its_restart()
    {
        var (alice, bob) = (await NewMemberAsync("alice"), await NewMemberAsync("bob"));
        var torrent = await NewTorrentAsync(Length, 65536);
        var port = FreePort();
        // Its tracker is not there, so what it receives waits in the journal.
        await using (var seed = Start("seed", torrent, Folder, alice, "--port", port, "--tracker", "http://127.0.0.1:1/announce"))
        {
            await using var get = Start("get", torrent, At("got"), bob, "--peer", $"127.0.0.1:{port}", "--tracker", "http://127.0.0.1:1/announce");
            var got = await get.SucceedAsync(Patience);
            Assert.Equal(0, got.GetProperty("receipts_undelivered").GetInt32());
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
        Assert.Equal(0, (await again.StopAsync(Patience)).GetProperty("receipts_waiting").GetInt32());
        Assert.Equal((Length, 0), await TotalsAsync(alice.Id));
    }

    [Theory]
    [InlineData("seed")]
    [InlineData("get")]
    public async Task A_transfer_goes_on_after_one_side_was_killed(string victim)
    {
        var (alice, bob) = (await NewMemberAsync("carol"), await NewMemberAsync("dave"));
        var torrent = await NewTorrentAsync(Length, 65536);
        var port = FreePort();
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
            Assert.Equal(0, got.GetProperty("receipts_undelivered").GetInt32());
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
        // A killed downloader may have stored pieces it had not signed for yet; a killed seeder costs nobody anything.
        Assert.InRange(up.Up, victim == "seed" ? Length : Length - 8 * 65536, Length);
    }

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return $"{((IPEndPoint)listener.LocalEndpoint).Port}";
    }

    private CliProcess Start(string verb, string torrent, string data, MemberFiles member, params string[] more) => CliProcess.Start(
        [verb, torrent, "--data", data, "--user", member.Id, "--key", member.Key, "--state", At($"{verb}.state"), "--listen", "127.0.0.1", "--quiet", "--json", .. more]);
}
