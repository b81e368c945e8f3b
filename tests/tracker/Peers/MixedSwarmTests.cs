using System.Diagnostics;
using System.Text.Json;
using Pbts.Tracker.Tests.Clients;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>
/// <c>pbts</c> peers among clients that know nothing of receipts, as Debian ships them, in both directions. Two hosts of
/// their own, because Transmission refuses loopback addresses.
/// </summary>
[Collection("node")]
public sealed class MixedSwarmTests(MixedNetwork mixed) : IClassFixture<MixedNetwork>, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-mixed").FullName;
    private readonly TestTorrent _torrent = new(new Uri($"{mixed.Url}/announce"), 256 << 10);

    public void Dispose()
    {
        _torrent.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("aria2")]
    [InlineData("qbittorrent")]
    public Task A_stranger_downloads_from_our_seed_and_signs_nothing(string kind) => DownloadAsync(kind);

    // Transmission 3.00, alone with one seed, takes about two minutes before it begins.
    [Fact]
    [Trait("suite", "slow")]
    public Task Transmission_downloads_from_our_seed_and_signs_nothing() => DownloadAsync("transmission");

    private async Task DownloadAsync(string kind)
    {
        var alice = await NewMemberAsync("alice");
        await using var seed = Seed(alice);
        await using var stranger = TorrentClient.Start(kind, _torrent, seeds: false, ipv6: false, mixed.Network.Right);
        await WaitForAsync(stranger, seed);
        var said = await seed.StopAsync(Patience);
        Assert.True(said.GetProperty("uploaded").GetInt64() >= _torrent.Length);
        Assert.Equal((0, 0), (said.GetProperty("receipts_earned").GetInt32(), said.GetProperty("receipts_refused").GetInt32()));
        Assert.Equal((0, 0), await TotalsAsync(alice));
    }

    [Theory]
    [InlineData("transmission")]
    [InlineData("aria2")]
    [InlineData("qbittorrent")]
    public async Task We_download_from_a_stranger_and_sign_nothing(string kind)
    {
        var bob = await NewMemberAsync("bob");
        await using var stranger = TorrentClient.Start(kind, _torrent, seeds: true, ipv6: false, mixed.Network.Right);
        await using var get = Get(bob, mixed.Network.Left);
        var said = await SucceedAsync(get, stranger);
        Assert.True(_torrent.IsCompleteIn(Path.Combine(_folder, "get")));
        Assert.Equal(0, said.GetProperty("receipts_signed").GetInt32());
        Assert.Equal((0, 0), await TotalsAsync(bob));
    }

    [Fact]
    public async Task In_a_swarm_of_all_kinds_only_members_pay_and_are_paid()
    {
        var (alice, bob) = (await NewMemberAsync("alice"), await NewMemberAsync("bob"));
        await using var seed = Seed(alice, "--upload-limit", "4000000");
        await using var transmission = TorrentClient.Start("transmission", _torrent, seeds: false, ipv6: false, mixed.Network.Right);
        await using var aria2 = TorrentClient.Start("aria2", _torrent, seeds: false, ipv6: false, mixed.Network.Right);
        await using var get = Get(bob, mixed.Network.Right);
        var got = await SucceedAsync(get, transmission);
        await WaitForAsync(transmission, seed);
        await WaitForAsync(aria2, seed);
        await seed.StopAsync(Patience);

        Assert.True(_torrent.IsCompleteIn(Path.Combine(_folder, "get")));
        var signed = got.GetProperty("bytes_signed").GetInt64();
        // What Bob had from strangers costs nothing, and they pay nothing for what they had from either.
        Assert.InRange(signed, 1, _torrent.Length);
        Assert.Equal((signed, 0), await TotalsAsync(alice));
        Assert.Equal((0, signed), await TotalsAsync(bob));
    }

    private CliProcess Seed(string member, params string[] more)
    {
        _torrent.WriteContentTo(Directory.CreateDirectory(Path.Combine(_folder, "seed")).FullName);
        return CliProcess.Start(mixed.Network.Left, [], ["seed", _torrent.MetaInfoPath, "--data", Path.Combine(_folder, "seed"), "--user", member,
            "--key", Key(member), "--state", Path.Combine(_folder, "seed.state"), "--quiet", "--json", .. more]);
    }

    private CliProcess Get(string member, TestNetwork.Host host) => CliProcess.Start(host, [], "get", _torrent.MetaInfoPath,
        "--data", Path.Combine(_folder, "get"), "--user", member, "--key", Key(member), "--state", Path.Combine(_folder, "get.state"), "--quiet", "--json");

    private async Task<string> NewMemberAsync(string name)
    {
        var member = $"{name}-{Guid.NewGuid():N}";
        await using var keygen = CliProcess.Start("keygen", "--out", Key(member));
        Assert.Equal(0, await keygen.ExitAsync(Patience));
        await using var register = CliProcess.Start(mixed.Network.Left, [], "register", member, "--key", Key(member), "--tracker", mixed.Url);
        Assert.True(await register.ExitAsync(Patience) == 0, register.Error);
        return member;
    }

    private async Task<(long Up, long Down)> TotalsAsync(string member)
    {
        await using var user = CliProcess.Start(mixed.Network.Left, [], "user", member, "--tracker", mixed.Url, "--json");
        var totals = await user.SucceedAsync(Patience);
        return (totals.GetProperty("total_uploaded").GetInt64(), totals.GetProperty("total_downloaded").GetInt64());
    }

    private string Key(string member) => Path.Combine(_folder, $"{member}.key");

    private static async Task<JsonElement> SucceedAsync(CliProcess get, TorrentClient client)
    {
        try
        {
            return await get.SucceedAsync(Patience);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{e.Message}\n--- the client:\n{client.Log}", e);
        }
    }

    private async Task WaitForAsync(TorrentClient client, CliProcess seed)
    {
        for (var waited = Stopwatch.StartNew(); !client.IsComplete; await Task.Delay(200))
            Assert.True(waited.Elapsed < Patience && !seed.HasExited, $"the file is not complete\n--- the client{(client.HasExited ? ", which has ended" : "")}:\n{client.Log}\n--- its connections:\n{Connections()}\n--- {seed.Error}");
    }

    private string Connections()
    {
        using var ss = Process.Start(mixed.Network.Right.Inside(new ProcessStartInfo("ss", ["-tan"]) { RedirectStandardOutput = true }))!;
        return ss.StandardOutput.ReadToEnd();
    }
}
