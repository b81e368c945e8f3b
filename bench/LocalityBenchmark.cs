using System.Globalization;
using System.Net;
using Pbts.Load;

namespace Pbts.Bench;

/// <summary>
/// The share of announces that a swarm in the same process takes, behind one proxy and behind another. The peers of a torrent
/// escape its info hash in different ways, as different clients do.
/// </summary>
internal static class LocalityBenchmark
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var nodes = arguments.Text("--nodes", "").Split(',').Select(node => new WatchedProcess(0, new Uri(node))).ToArray();
        var (announces, torrents) = (arguments.Number("--announces", 30_000), arguments.Number("--torrents", 1000));
        var hashing = await MeasureAsync("hashing on info_hash", arguments.Number("--hashing", 0), 0);
        var random = await MeasureAsync("random", arguments.Number("--random", 0), torrents);
        await Results.WriteAsync(arguments, "cluster", new { nodes = nodes.Length, announces, torrents, hashing_proxy = hashing, random_proxy = random });
        foreach (var node in nodes)
            node.Dispose();
        return 0;

        async Task<object> MeasureAsync(string what, int port, int firstTorrent)
        {
            var (local, all) = (await SumAsync("pbts_swarm_local_announces_total"), await SumAsync("pbts_swarm_announces_total"));
            // Peers of one torrent use different clients.
            using var load = new AnnounceLoad(new IPEndPoint(IPAddress.Loopback, port), connections: 32,
                (i, room) => AnnounceText.Write(room, firstTorrent + (i % torrents), i / torrents, 50, seeder: i % 2 == 0, escaping: (Escaping)(i / torrents % 3)));
            var tally = load.Counted(announces, underWay: 1);
            var (direct, taken) = (await SumAsync("pbts_swarm_local_announces_total") - local, await SumAsync("pbts_swarm_announces_total") - all);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"proxy {what}: {direct / taken:P1} of {taken:F0} announces local; {announces / tally.Seconds:F0} announces/s, {tally.Shed.Count} told to come back, {tally.Failed} failed"));
            return new { local_share = direct / taken, announces_per_second = announces / tally.Seconds, told_to_come_back = tally.Shed.Count, failed = tally.Failed };
        }

        async Task<double> SumAsync(string name) => (await Task.WhenAll(nodes.Select(node => node.SumAsync(name)))).Sum();
    }
}
