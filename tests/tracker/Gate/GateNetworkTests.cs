using Pbts.Tracker.Tests.Clients;
using Pbts.Tracker.Tests.Peers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Gate;

/// <summary>Gates on two machines, and Transmission, which takes no loopback addresses: its doors have others.</summary>
public sealed class GateNetworkTests : IClassFixture<MixedNetwork>, IDisposable
{
    private const string Doors = "198.18";

    private readonly MixedNetwork _mixed;
    private readonly GateLab _lab;

    public GateNetworkTests(MixedNetwork mixed)
    {
        _mixed = mixed;
        _lab = new GateLab(new Uri(mixed.Url), mixed.Network.Left);
    }

    public void Dispose() => _lab.Dispose();

    [Fact]
    public Task Transmission_gives() => TransferAsync("transmission", "qbittorrent");

    // Transmission 3.00, alone with one seed, takes about two minutes before it begins.
    [Fact]
    [Trait("suite", "slow")]
    public Task Transmission_takes() => TransferAsync("qbittorrent", "transmission");

    private async Task TransferAsync(string seeder, string leecher)
    {
        using var torrent = new TestTorrent(new Uri($"{_mixed.Url}/announce"), 256 << 10);
        var (alice, bob) = (await _lab.NewMemberAsync(), await _lab.NewMemberAsync());
        var (left, right) = (_mixed.Network.Left, _mixed.Network.Right);
        await using var aliceGate = await StartAsync(alice, left, seeder);
        await using var bobGate = await StartAsync(bob, right, leecher);
        using var ofAlice = torrent.Announcing(aliceGate.AnnounceUrl);
        using var ofBob = torrent.Announcing(bobGate.AnnounceUrl);
        await using var seed = TorrentClient.Start(seeder, ofAlice, seeds: true, host: left, listen: ListenOf(seeder));
        await GateLab.WaitAsync(() => aliceGate.HasAnnounced, () => $"not announced\n{seed.Log}\n{aliceGate.Log}");
        await using var leech = TorrentClient.Start(leecher, ofBob, seeds: false, host: right, listen: ListenOf(leecher));
        string Log() => $"{leech.Log}\n--- seed:\n{seed.Log}\n--- gates:\n{aliceGate.Log}\n{bobGate.Log}";
        await GateLab.WaitAsync(() => leech.IsComplete, () => $"the file is not complete\n{Log()}", seconds: 300);
        await _lab.ExpectTotalsAsync(bob, 0, torrent.Length, Log);
        await _lab.ExpectTotalsAsync(alice, torrent.Length, 0, Log);
    }

    private Task<GateProcess> StartAsync(MemberCommands.MemberFiles member, TestNetwork.Host host, string client)
    {
        if (client != "transmission")
            return _lab.StartGateAsync(member, null, host, "--peer-listen", "0.0.0.0");
        TestNetwork.AddLocalRoute(host, $"{Doors}.0.0/16");
        return _lab.StartGateAsync(member, null, host, "--peer-listen", "0.0.0.0", "--doors", Doors);
    }

    private static string ListenOf(string client) => client == "transmission" ? "0.0.0.0" : "127.0.0.1";
}
