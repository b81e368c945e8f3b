using System.Globalization;
using System.Net;
using Pbts.Load;

namespace Pbts.Bench;

/// <summary>
/// What peers and swarms cost in memory: many swarms with one peer each, then more peers into the same swarms, then nobody
/// until the swarms are idle. The process's own memory and its managed heap, after a collection each time.
/// </summary>
internal static class MemoryBenchmark
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var (swarms, peers, idle) = (arguments.Number("--swarms", 100_000), arguments.Number("--peers", 1_000_000), arguments.Number("--idle", 180));
        var tracker = new IPEndPoint(IPAddress.Loopback, arguments.Number("--port", 8000));
        using var node = new WatchedProcess(arguments.Number("--pid", 0), new Uri(arguments.Text("--metrics", "")));
        var each = peers / swarms;

        // Whatever is made once, at the first announces, is not the peers'.
        Fill(20_000, i => (-1 - (i % 100), i / 100));
        var before = await MeasureAsync("a tracker that has seen 20,000 announces of 100 swarms");
        Fill(swarms, i => (i, 0));
        var one = await MeasureAsync($"+ {swarms:N0} swarms of one peer");
        Fill(swarms * (each - 1), i => (i % swarms, 1 + (i / swarms)));
        var full = await MeasureAsync($"+ {swarms * (each - 1):N0} peers: {swarms:N0} swarms of {each}");

        var held = await node.SumAsync("pbts_swarms");
        Console.WriteLine($"the tracker itself counts {held:F0} swarms and {await node.SumAsync("pbts_peers"):F0} peers; waiting until they have been idle for {idle} s …");
        for (var waited = 0; await node.SumAsync("pbts_swarms") > 0; waited += 5)
        {
            if (waited > idle + 180)
                return Fail($"{await node.SumAsync("pbts_swarms")} swarms are still there");
            await Task.Delay(5000);
        }

        var cold = await MeasureAsync("all of them cold and gone");
        var result = new
        {
            swarms, peers = swarms * each,
            heap_bytes_per_peer = (full.Heap - one.Heap) / (double)(swarms * (each - 1)),
            resident_bytes_per_peer = (full.Resident - one.Resident) / (double)(swarms * (each - 1)),
            heap_bytes_per_swarm = (one.Heap - before.Heap) / (double)swarms,
            resident_bytes_per_swarm = (one.Resident - before.Resident) / (double)swarms,
            resident_growth_bytes = full.Resident - before.Resident,
            heap_growth_bytes = full.Heap - before.Heap,
            heap_left_bytes = cold.Heap - before.Heap,
            resident_left_bytes = cold.Resident - before.Resident,
        };
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"a further peer: {result.heap_bytes_per_peer:F0} bytes of heap, {result.resident_bytes_per_peer:F0} of the process; a swarm with its first peer: {result.heap_bytes_per_swarm:F0} and {result.resident_bytes_per_swarm:F0}"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{result.peers:N0} peers in {swarms:N0} swarms: {result.resident_growth_bytes / 1048576.0:F0} MiB of the process, {result.heap_growth_bytes / 1048576.0:F0} MiB of heap; once cold {result.resident_left_bytes / 1048576.0:F0} and {result.heap_left_bytes / 1048576.0:F0} MiB are left"));
        await Results.WriteAsync(arguments, "memory", result);
        return held >= swarms ? 0 : Fail("Swarms left before they were measured: the machine is too slow for this idle time.");

        void Fill(int count, Func<int, (int Torrent, int Peer)> of)
        {
            using var load = new AnnounceLoad(tracker, connections: 16, (i, room) =>
            {
                var (torrent, peer) = of(i);
                return AnnounceText.Write(room, torrent, peer, 0, seeder: (peer & 1) == 0);
            });
            var tally = load.Counted(count, underWay: 32);
            Console.WriteLine($"{count:N0} announces in {tally.Seconds:F1} s, {tally.NotServed} not served");
        }

        async Task<(long Resident, double Heap)> MeasureAsync(string what)
        {
            // Twice: what had a finalizer goes with the second.
            await node.CollectAsync();
            await node.CollectAsync();
            var (resident, heap) = (node.ResidentBytes, await node.HeapBytesAsync());
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: process {resident / 1048576.0:F1} MiB, heap {heap / 1048576.0:F1} MiB"));
            return (resident, heap);
        }
    }

    private static int Fail(string why)
    {
        Console.Error.WriteLine(why);
        return 1;
    }
}
