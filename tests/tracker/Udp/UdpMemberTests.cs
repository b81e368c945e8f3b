using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Udp;

/// <summary>Members and settings: nodes of their own.</summary>
public sealed class UdpMemberTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task A_tracker_for_members_takes_the_passkey_from_the_announce_url()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Tracker__Access", "registered"), ("Tracker__TrustIpParameter", "true"));
        var passkey = await RegisterAsync(node, "alice");
        using var udp = new UdpProbe(node);
        var torrent = Announcer.NewTorrent();

        // Clients without BEP 41 send 98 bytes.
        Assert.StartsWith("passkey is missing", (await udp.AnnounceAsync(torrent, 1, left: 0)).Error, StringComparison.Ordinal);
        Assert.StartsWith("passkey is missing", (await udp.AnnounceAsync(torrent, 1, left: 0, options: UdpProbe.UrlData("/announce?user_id=alice"))).Error, StringComparison.Ordinal);
        Assert.Equal("unknown passkey", (await udp.AnnounceAsync(torrent, 1, left: 0, options: UdpProbe.UrlData("/announce/" + new string('0', 32)))).Error);
        Assert.StartsWith("passkey is missing", (await udp.ExchangeAsync(UdpProbe.ScrapePacket(await udp.ConnectAsync(), 1, torrent))).Error, StringComparison.Ordinal);
        foreach (var url in (string[])[$"/announce/{passkey}", $"/{passkey}/announce", $"/announce/{passkey}?x=y"])
        {
            Assert.Equal(1, (await udp.AnnounceAsync(torrent, 1, left: 0, options: UdpProbe.UrlData(url))).Seeders);
            Assert.Equal(1, (await udp.AnnounceAsync(torrent, 1, left: 0, options: [1, .. UdpProbe.UrlData(url, 9), 99, 1, 0, 0])).Seeders);
        }

        // This node believes the ip field, which HTTP calls the ip parameter.
        await udp.AnnounceAsync(torrent, 5, left: 0, ip: 0xCB007105, options: UdpProbe.UrlData($"/announce/{passkey}"));
        var peers = (await udp.AnnounceAsync(torrent, 2, left: 5, options: UdpProbe.UrlData($"/announce/{passkey}"))).Peers();
        Assert.Contains(new IPEndPoint(IPAddress.Parse("203.0.113.5"), 1005), peers);
    }

    [Theory]
    [InlineData("off")]
    [InlineData("")]
    public async Task Udp_can_be_switched_off(string value)
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("PBTS_UDP_LISTEN", value));
        using var free = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        free.Bind(new IPEndPoint(IPAddress.Loopback, node.Port));
    }

    [Fact]
    public async Task A_port_in_use_is_named_and_the_node_does_not_start()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        taken.SetRawSocketOption(1, 15, [1, 0, 0, 0]); // Willing to share, and still not joined.
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var address = $"udp://{taken.LocalEndPoint}";
        await using var node = NodeProcess.Launch("Pbts.Silo.dll", await postgres.CreateDatabaseAsync(), ("PBTS_UDP_LISTEN", address));
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(node.WaitUntilReadyAsync);
        Assert.Contains($"cannot listen on {address}", failure.Message, StringComparison.Ordinal);
        Assert.Contains("PBTS_UDP_LISTEN", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PBTS_UDP_LISTEN", "http://127.0.0.1:8000")]
    [InlineData("PBTS_UDP_LISTEN", "udp://127.0.0.1")]
    [InlineData("PBTS_UDP_LISTEN", "udp://tracker.example:8000")]
    [InlineData("PBTS_UDP_LISTEN", "udp://127.0.0.1:0")]
    [InlineData("PBTS_UDP_SOCKETS", "-1")]
    public async Task A_wrong_setting_is_named(string name, string value)
    {
        await using var node = NodeProcess.Launch("Pbts.Silo.dll", "Host=/nonexistent", (name, value));
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(node.WaitUntilReadyAsync);
        Assert.Contains(name, failure.Message, StringComparison.Ordinal);
    }

    internal static async Task<string> RegisterAsync(NodeProcess node, string user)
    {
        using var vectors = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(AppContext.BaseDirectory, "vectors", "pbts_register.json")));
        var key = vectors.RootElement.GetProperty("valid")[0].GetProperty("http_json").GetProperty("public_key").GetString();
        using var response = await node.Http.PostAsJsonAsync("/register", new Dictionary<string, string?> { ["user_id"] = user, ["public_key"] = key });
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return body.RootElement.GetProperty("passkey").GetString()!;
    }
}
