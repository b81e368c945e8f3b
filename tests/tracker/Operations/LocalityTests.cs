using System.Text;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Operations;

/// <summary>Announces that stay in the process they came to.</summary>
public sealed class LocalityTests(PostgresServer postgres, ITestOutputHelper output) : IClassFixture<PostgresServer>
{
    private const int Torrents = 30;
    private const int Peers = 6;

    /// <summary>As clients escape an info hash: all of it; what must be, in upper and in lower case.</summary>
    private static readonly Func<byte, string>[] Escapes =
    [
        value => $"%{value:x2}",
        value => IsUnreserved(value) ? $"{(char)value}" : $"%{value:X2}",
        value => IsUnreserved(value) ? $"{(char)value}" : $"%{value:x2}",
    ];

    [Fact]
    public async Task Behind_the_hashing_proxy_all_peers_of_a_torrent_come_to_one_process_however_they_escape_it()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var first = await NodeProcess.StartNodeAsync(database);
        await using var second = await NodeProcess.StartNodeAsync(database);
        NodeProcess[] nodes = [first, second];
        await using var hashing = await Proxy.StartAsync(nodes);
        await using var random = await Proxy.StartAsync(nodes, "random;");
        var hashed = await ShareAsync(nodes, hashing);
        var scattered = await ShareAsync(nodes, random);
        output.WriteLine($"local behind the hashing proxy {hashed:P0}, behind a random one {scattered:P0}");
        // Only the first announce of a torrent, which starts its swarm, takes the long way.
        Assert.InRange(hashed, 0.95, 1);
        Assert.InRange(scattered, 0.2, 0.8);
        // Where the load goes is not one process alone.
        foreach (var node in nodes)
            Assert.InRange((await Metrics.ReadAsync(node)).Value("pbts_swarms"), Torrents / 4, 2 * Torrents);
    }

    /// <summary>The share of announces that were local, the first of each torrent apart.</summary>
    private static async Task<double> ShareAsync(NodeProcess[] nodes, Proxy proxy)
    {
        var torrents = Enumerable.Range(0, Torrents).Select(_ => Announcer.NewTorrent()).ToArray();
        var before = await LocalAsync();
        for (var peer = 0; peer < Peers; peer++)
        {
            foreach (var torrent in torrents)
            {
                var target = $"/announce?info_hash={string.Concat(torrent.Select(Escapes[peer % Escapes.Length]))}&peer_id=-XX0001-{peer:D12}&port={1000 + peer}&uploaded=0&downloaded=0&left=1";
                Assert.Equal(peer + 1, new TrackerReply(await RawHttp.GetBodyAsync(proxy.Endpoint, Encoding.ASCII.GetBytes(target))).Incomplete);
            }
        }

        return (await LocalAsync() - before) / (Torrents * (Peers - 1));

        async Task<double> LocalAsync() => (await Task.WhenAll(nodes.Select(Metrics.ReadAsync))).Sum(metrics => metrics.Value("pbts_swarm_local_announces_total"));
    }

    private static bool IsUnreserved(byte value) => char.IsAsciiLetterOrDigit((char)value) || "-_.~".Contains((char)value, StringComparison.Ordinal);
}
