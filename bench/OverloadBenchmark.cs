using System.Diagnostics;
using System.Globalization;
using System.Net;
using Pbts.Load;

namespace Pbts.Bench;

/// <summary>
/// Several times as many announces as the tracker can serve, due at a steady rate whatever it does with them, from many
/// clients that each wait for their answer: how long the accepted ones take beside an idle tracker's, how many are told to
/// come back, what it does to memory, and how soon all is as before.
/// </summary>
internal static class OverloadBenchmark
{
    private const int Torrents = 1000;
    private const int PeersPerTorrent = 100;
    private const double IdleShare = 0.05;
    private const double BackToIdle = 2;
    private static readonly int[] UnderWay = [4, 16, 64];
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRecovery = TimeSpan.FromSeconds(60);

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var tracker = new IPEndPoint(IPAddress.Loopback, arguments.Number("--port", 8000));
        using var node = new WatchedProcess(arguments.Number("--pid", 0), new Uri(arguments.Text("--metrics", "")));
        var (times, seconds, clients) = (arguments.Number("--times", 5), arguments.Number("--seconds", 15), arguments.Number("--clients", 2000));
        var requests = new PreparedAnnounces(Torrents * PeersPerTorrent, (i, room) => AnnounceText.Write(room, i % Torrents, i / Torrents, 50, seeder: i % 2 == 0));
        using var load = new ClientLoad(tracker, clients, requests.Write);

        // Until the tracker is compiled for the work.
        load.Saturating(UnderWay[^1], TimeSpan.FromSeconds(15));
        var capacity = 0.0;
        foreach (var underWay in UnderWay)
        {
            var trial = load.Saturating(underWay, TimeSpan.FromSeconds(3));
            capacity = Math.Max(capacity, trial.Served.Count / trial.Seconds);
            Print($"{underWay} clients at once: {trial.Served.Count / trial.Seconds:F0} served/s, {trial.NotServed / trial.Seconds:F0} not");
        }

        await node.CollectAsync();
        var before = node.ResidentBytes;
        var idle = load.AtRate(capacity * IdleShare, TimeSpan.FromSeconds(8));
        Print($"capacity {capacity:F0} announces/s; idle ({IdleShare:P0} of it): p50 {idle.Served.Quantile(0.5):F3} ms, p99 {idle.Served.Quantile(0.99):F3} ms; process {MiB(before):F0} MiB");

        var running = Task.Run(() => load.AtRate(capacity * times, TimeSpan.FromSeconds(seconds)));
        long peak = 0;
        while (await Task.WhenAny(running, Task.Delay(100)) != running)
            peak = Math.Max(peak, node.ResidentBytes);
        var overload = await running;
        var recovered = Recover(load, overload.Ended, capacity * IdleShare, BackToIdle * idle.Served.Quantile(0.99));

        await node.CollectAsync();
        var after = node.ResidentBytes;
        var ratio = overload.Served.Quantile(0.99) / idle.Served.Quantile(0.99);
        Print($"offered {overload.Offered / overload.Seconds:F0}/s ({overload.Offered / overload.Seconds / capacity:F2} x capacity) for {overload.Seconds:F0} s: served {PerSecond(overload.Served.Count):F0}/s, shed {PerSecond(overload.Shed.Count):F0}/s ({(double)overload.Shed.Count / overload.Offered:P1}), no client free for {PerSecond(overload.NeverSent):F0}/s ({(double)overload.NeverSent / overload.Offered:P1}), failed {overload.Failed}");
        Print($"accepted: p50 {overload.Served.Quantile(0.5):F3} ms, p99 {overload.Served.Quantile(0.99):F3} ms from the request's writing = {overload.Served.Quantile(0.5) / idle.Served.Quantile(0.5):F1} x and {ratio:F1} x idle; p99 {overload.ServedSinceDue.Quantile(0.99):F3} ms from when it was due");
        Print($"shed: p50 {overload.Shed.Quantile(0.5):F3} ms, p99 {overload.Shed.Quantile(0.99):F3} ms; the generator looked for answers every {overload.Looks.Quantile(0.5):F3} ms (p99 {overload.Looks.Quantile(0.99):F3}), which is in these times");
        Print($"process: {MiB(before):F0} MiB before, {MiB(peak):F0} at most, {MiB(after):F0} after");
        Console.WriteLine(recovered is null ? $"p99 was not back within {LongestRecovery.TotalSeconds:F0} s"
            : string.Create(CultureInfo.InvariantCulture, $"{recovered:F2} s after the end p99 was back (within {BackToIdle} x idle, nothing shed, over {Window.TotalMilliseconds:F0} ms)"));
        await Results.WriteAsync(arguments, "overload", new
        {
            capacity, times, clients, seconds, offered_per_second = PerSecond(overload.Offered), served_per_second = PerSecond(overload.Served.Count),
            shed_per_second = PerSecond(overload.Shed.Count), shed_share = (double)overload.Shed.Count / overload.Offered,
            never_sent_per_second = PerSecond(overload.NeverSent), failed = overload.Failed,
            idle_p50_ms = idle.Served.Quantile(0.5), idle_p99_ms = idle.Served.Quantile(0.99),
            accepted_p50_ms = overload.Served.Quantile(0.5), accepted_p99_ms = overload.Served.Quantile(0.99), accepted_p99_times_idle = ratio,
            accepted_p99_since_due_ms = overload.ServedSinceDue.Quantile(0.99), shed_p99_ms = overload.Shed.Quantile(0.99), generator_p99_ms = overload.Looks.Quantile(0.99),
            resident_before_bytes = before, resident_peak_bytes = peak, resident_after_bytes = after, recovered_after_seconds = recovered,
        });
        return recovered is null ? 1 : 0;

        double PerSecond(long count) => count / overload.Seconds;
    }

    /// <summary>
    /// Seconds from the end of the overload to the first moment from which announces at the idle rate are all served
    /// and 99 of 100 within <paramref name="well"/> milliseconds; null when that takes too long.
    /// </summary>
    private static double? Recover(ClientLoad load, long ended, double perSecond, double well)
    {
        while (Stopwatch.GetElapsedTime(ended) is var began && began < LongestRecovery)
        {
            var window = load.AtRate(perSecond, Window);
            if (window.NotServed == 0 && window.Served.Quantile(0.99) <= well)
                return began.TotalSeconds;
        }

        return null;
    }

    private static double MiB(long bytes) => bytes / 1048576.0;

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
