using System.Diagnostics;
using System.Globalization;
using System.Net;
using Pbts.Load;
using Pbts.Peer;

namespace Pbts.Bench;

/// <summary>
/// Half of the peak for a long time: torrents and peers come and go, politely or not, and reports trickle in. The memory of
/// the tracker's process and its managed heap every ten seconds, and the slope of both.
/// </summary>
internal static class SoakBenchmark
{
    private const int LiveTorrents = 2000;
    private const int TorrentsPerSecond = 20;
    private const int PeersPerTorrent = 50;
    private const int SessionSeconds = 30;
    private const int ReportsPerMinute = 60;

    private sealed record Sample(double Minutes, long ResidentBytes, double HeapBytes, double Swarms, double Peers, double Shed);

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var tracker = new IPEndPoint(IPAddress.Loopback, arguments.Number("--port", 8000));
        using var node = new WatchedProcess(arguments.Number("--pid", 0), new Uri(arguments.Text("--metrics", "")));
        var duration = TimeSpan.FromMinutes(arguments.Number("--minutes", 30));
        var every = TimeSpan.FromSeconds(10);

        var clock = Stopwatch.StartNew();
        using var load = new AnnounceLoad(tracker, connections: 64, Write);
        load.Saturating(1, TimeSpan.FromSeconds(3));
        var trial = load.Saturating(1, TimeSpan.FromSeconds(5));
        var peak = trial.Served.Count / trial.Seconds;
        var rate = peak / 2;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"peak {peak:F0} announces/s; {duration.TotalMinutes:F0} minutes at {rate:F0}"));

        using var stop = new CancellationTokenSource();
        var reports = ReportAsync($"http://127.0.0.1:{tracker.Port}", stop.Token);
        var running = Task.Run(() => load.AtRate(rate, duration));
        // What comes and goes is there after a minute and a half.
        await Task.Delay(TimeSpan.FromSeconds(Math.Min(90, duration.TotalSeconds / 4)), CancellationToken.None);
        var beforeCollecting = await ShedAsync();
        await node.CollectAsync();
        var settled = await TakeAsync();
        var samples = new List<Sample> { settled };
        using var timer = new PeriodicTimer(every);
        while (!running.IsCompleted && await timer.WaitForNextTickAsync(CancellationToken.None))
            samples.Add(await TakeAsync());
        var tally = await running;
        await node.CollectAsync();
        var last = await TakeAsync();
        await stop.CancelAsync();
        var receipts = await reports;

        var tail = samples.Skip(samples.Count / 3).ToArray();
        var (resident, heap) = (SlopeMiBPerHour(tail, sample => sample.ResidentBytes), SlopeMiBPerHour(tail, sample => sample.HeapBytes));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"process: start {settled.ResidentBytes / 1048576.0:F1} MiB, end {last.ResidentBytes / 1048576.0:F1} MiB, slope {resident:F1} MiB/hour over the last two thirds ({samples.Count} samples)"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"heap after a collection: start {settled.HeapBytes / 1048576.0:F1} MiB, end {last.HeapBytes / 1048576.0:F1} MiB; as the last collection left it: slope {heap:F1} MiB/hour"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{tally.Served.Count} announces served, {tally.Shed.Count} told to come back, {tally.Failed} failed, {tally.NeverSent} never sent; p99 {tally.Served.Quantile(0.99):F2} ms; {receipts} receipts credited; at the end {last.Swarms:F0} swarms, {last.Peers:F0} peers"));
        var rises = samples.Zip(samples.Skip(1)).Where(pair => pair.Second.Shed > pair.First.Shed).Select(pair => $", {pair.Second.Shed - pair.First.Shed} in the ten seconds to {pair.Second.Minutes:F1} min");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"told to come back: {beforeCollecting} before the first collection, which is asked for under load, {settled.Shed - beforeCollecting} by its end{string.Concat(rises)}"));
        foreach (var (connection, seconds, underWay) in tally.Broken)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"connection {connection} ended after {seconds:F1} s with {underWay} announces under way"));
        Console.WriteLine("connections that the tracker ended: " + string.Join(", ", await node.LabelledAsync("pbts_connections_closed_total", "reason")));
        await Results.WriteAsync(arguments, "soak", new
        {
            minutes = duration.TotalMinutes, peak, rate, start_resident_bytes = settled.ResidentBytes, end_resident_bytes = last.ResidentBytes,
            resident_slope_mib_per_hour = resident, start_heap_bytes = settled.HeapBytes, end_heap_bytes = last.HeapBytes, heap_slope_mib_per_hour = heap,
            served = tally.Served.Count, shed = tally.Shed.Count, failed = tally.Failed, never_sent = tally.NeverSent, broken = tally.Broken.Select(broken => new { connection = broken.Connection, seconds = broken.Seconds, under_way = broken.UnderWay }), p99_ms = tally.Served.Quantile(0.99), receipts, samples,
        });
        return tally.Failed == 0 ? 0 : 1;

        Task<double> ShedAsync() => node.SumAsync("pbts_announces_total", "outcome=\"shed\"");

        async Task<Sample> TakeAsync() => new(
            clock.Elapsed.TotalMinutes, node.ResidentBytes, await node.HeapBytesAsync(), await node.SumAsync("pbts_swarms"), await node.SumAsync("pbts_peers"), await ShedAsync());

        // Torrents and peers of this moment: the oldest torrents are dropped as new ones come, and half a minute later
        // everybody has another identity. One announce in ten says goodbye, the other peers just vanish.
        int Write(int i, Span<byte> buffer)
        {
            var second = (int)clock.Elapsed.TotalSeconds;
            var mixed = (uint)(i * 2654435761);
            var torrent = (second * TorrentsPerSecond) + (int)(mixed % LiveTorrents);
            var peer = (second / SessionSeconds * PeersPerTorrent) + (int)(mixed / LiveTorrents % PeersPerTorrent);
            return AnnounceText.Write(buffer, torrent, peer, 50, seeder: peer % 3 == 0, (mixed >> 8) % 10 == 0 ? "&event=stopped" : "");
        }
    }

    private static double SlopeMiBPerHour(Sample[] samples, Func<Sample, double> of)
    {
        var (x, y) = (samples.Average(sample => sample.Minutes), samples.Average(of));
        var spread = samples.Sum(sample => (sample.Minutes - x) * (sample.Minutes - x));
        return spread == 0 ? double.NaN : samples.Sum(sample => (sample.Minutes - x) * (of(sample) - y)) / spread * 60 / 1048576;
    }

    /// <summary>One report of five receipts a second.</summary>
    /// <returns>Receipts credited.</returns>
    private static async Task<long> ReportAsync(string url, CancellationToken stop)
    {
        var sender = new LoadMember(LoadMember.NewName("soak"), MemberIdentity.Generate());
        using var client = new TrackerClient(url) { Member = (sender.UserId, sender.Identity) };
        await sender.RegisterAsync(client);
        var source = new ReceiptSource(sender, [await LoadMember.RegisterAsync(client, "soak")]);
        for (; !stop.IsCancellationRequested; await Task.Delay(TimeSpan.FromMinutes(1.0 / ReportsPerMinute), CancellationToken.None))
            await client.ReportAsync(source.Next(5), CancellationToken.None);

        var user = await client.GetAsync($"/user/{sender.UserId}", CancellationToken.None);
        return user.Body?.GetProperty("total_uploaded").GetInt64() / ReceiptSource.PieceSize ?? 0;
    }
}
