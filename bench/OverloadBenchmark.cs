using System.Diagnostics;
using System.Globalization;
using System.Net;
using Pbts.Bench.Load;

namespace Pbts.Bench;

/// <summary>
/// Five times as many announces as the tracker can take: how long the accepted ones wait beside an idle tracker's, how the
/// others are told, what it does to memory, and how soon all is as before.
/// </summary>
internal static class OverloadBenchmark
{
    private const int Torrents = 1000;
    private const double IdleShare = 0.05;

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var tracker = new IPEndPoint(IPAddress.Loopback, arguments.Number("--port", 8000));
        using var node = new WatchedProcess(arguments.Number("--pid", 0), new Uri(arguments.Text("--metrics", "")));
        var (times, seconds, connections) = (arguments.Number("--times", 5), arguments.Number("--seconds", 15), arguments.Number("--connections", 1000));

        const int Trial = 100_000;
        await ClosedLoad.RunAsync(tracker, Trial / 2, 64, 1, (i, buffer, at) => Write(i, buffer.AsSpan(at)));
        var capacity = Trial / (await ClosedLoad.RunAsync(tracker, Trial, 64, 1, (i, buffer, at) => Write(i, buffer.AsSpan(at)))).Seconds;
        var idle = new PacedLoad(tracker, 64, (i, buffer) => Write(i, buffer));
        await idle.RunAsync(capacity * IdleShare, TimeSpan.FromSeconds(8));
        var idleTimes = idle.Served.ToArray();
        var idleP99 = Samples.Quantile(idleTimes, 0.99);
        await node.CollectAsync();
        var before = node.ResidentBytes;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"capacity {capacity:F0} announces/s; at {IdleShare:P0} of it p50 {Samples.Median(idleTimes):F2} ms, p99 {idleP99:F2} ms; process {before / 1048576.0:F0} MiB"));

        var overload = new PacedLoad(tracker, connections, (i, buffer) => Write(i, buffer));
        var running = overload.RunAsync(capacity * times, TimeSpan.FromSeconds(seconds));
        long peak = 0;
        while (await Task.WhenAny(running, Task.Delay(200)) != running)
            peak = Math.Max(peak, node.ResidentBytes);
        await running;

        // Recovery: the first 100 ms whose announces are all served, and nearly as fast as an idle tracker's.
        var over = Stopwatch.StartNew();
        double? recovered = null;
        while (recovered is null && over.Elapsed < TimeSpan.FromSeconds(60))
        {
            var window = new PacedLoad(tracker, 64, (i, buffer) => Write(i, buffer));
            await window.RunAsync(Math.Max(640, capacity * IdleShare), TimeSpan.FromMilliseconds(100));
            if (!window.Busy.Any() && window.Failed + window.GivenUp == 0 && Samples.Quantile(window.Served, 0.9) <= 5 * idleP99)
                recovered = over.Elapsed.TotalSeconds;
        }

        await node.CollectAsync();
        var after = node.ResidentBytes;
        var (served, busy) = (overload.Served.ToArray(), overload.Busy.ToArray());
        var offered = served.Length + busy.Length + overload.Failed + overload.GivenUp;
        var p99 = Samples.Quantile(served, 0.99);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"offered {offered / (double)seconds:F0}/s ({offered / (double)seconds / capacity:F1} x) on {connections} connections for {seconds} s: served {served.Length / (double)seconds:F0}/s, told to come back {busy.Length / (double)seconds:F0}/s, failed {overload.Failed}, never sent {overload.GivenUp}"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"accepted: p50 {Samples.Median(served):F2} ms, p99 {p99:F2} ms ({p99 / idleP99:F1} x idle); told to come back: p50 {Samples.Median(busy):F2} ms, p99 {Samples.Quantile(busy, 0.99):F2} ms"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"process: {before / 1048576.0:F0} MiB before, {peak / 1048576.0:F0} at most, {after / 1048576.0:F0} after; recovered {recovered:F2} s after the end"));
        await Results.WriteAsync(arguments, "overload", new
        {
            capacity, times, connections, seconds, offered_per_second = offered / (double)seconds, served_per_second = served.Length / (double)seconds,
            told_to_come_back_per_second = busy.Length / (double)seconds, failed = overload.Failed, never_sent = overload.GivenUp, idle_p99_ms = idleP99,
            accepted_p50_ms = Samples.Median(served), accepted_p99_ms = p99, accepted_p99_times_idle = p99 / idleP99, told_p99_ms = Samples.Quantile(busy, 0.99),
            resident_before_bytes = before, resident_peak_bytes = peak, resident_after_bytes = after, recovered_after_seconds = recovered,
        });
        return recovered is null ? 1 : 0;

        static int Write(int i, Span<byte> buffer) => AnnounceText.Write(buffer, i % Torrents, i / Torrents % 100, 50, seeder: i % 2 == 0);
    }
}
