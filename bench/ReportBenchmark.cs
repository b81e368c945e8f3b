using System.Diagnostics;
using System.Security.Cryptography;
using Pbts.Cli.Keys;
using Pbts.Cli.Tracker;
using Pbts.Protocol.Receipts;

namespace Pbts.Bench;

/// <summary>
/// Reports to a running tracker, from the first byte of the request to the answer that follows the commit; and how long
/// announces take meanwhile, beside how long they take when nothing else happens.
/// </summary>
internal static class ReportBenchmark
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var url = arguments.Text("--url", TrackerClient.DefaultUrl);
        var (perReport, receivers) = (arguments.Number("--receipts", 50), arguments.Number("--receivers", 5));
        var (reports, parallel) = (arguments.Number("--reports", 300), arguments.Number("--parallel", 4));

        var tag = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        var sender = MemberIdentity.Generate();
        var members = Enumerable.Range(0, receivers).Select(_ => MemberIdentity.Generate()).ToArray();
        using var client = new TrackerClient(url) { Member = ($"bench-{tag}", sender) };
        foreach (var (member, name) in members.Select((member, i) => (member, $"bench-{tag}-{i}")).Append((sender, $"bench-{tag}")))
        {
            if (await client.RegisterAsync(name, member, CancellationToken.None) is { IsSuccess: false } refused)
                return Fail($"registration: {refused.Error}");
        }

        Console.WriteLine($"signing {reports * perReport} receipts …");
        var infoHash = InfoHash.From(RandomNumberGenerator.GetBytes(InfoHash.Length));
        var now = (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var signed = new Receipt[reports][];
        Parallel.For(0, reports, i => signed[i] = [.. Enumerable.Range(0, perReport).Select(j => members[j % receivers].SignReceipt(
            infoHash, sender.PublicKey, PieceHash.From(RandomNumberGenerator.GetBytes(32)), (uint)((i * perReport) + j), ReceiptTime.FromTimestamp(now), 16384))]);

        var warmUp = Math.Min(20, reports / 5);
        for (var i = 0; i < warmUp; i++)
            await client.ReportAsync(signed[i], CancellationToken.None);
        using var announces = new AnnounceProbe(new Uri(url));
        await announces.MeasureAsync(TimeSpan.FromSeconds(3));
        var idle = await announces.MeasureAsync(TimeSpan.FromSeconds(8));

        using var done = new CancellationTokenSource();
        var loaded = announces.MeasureAsync(Timeout.InfiniteTimeSpan, done.Token);
        var (next, refusals) = (warmUp - 1, 0);
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, parallel).Select(async _ =>
        {
            for (var i = Interlocked.Increment(ref next); i < reports; i = Interlocked.Increment(ref next))
            {
                while (await client.ReportAsync(signed[i], CancellationToken.None) is { IsSuccess: false })
                {
                    Interlocked.Increment(ref refusals);
                    await Task.Delay(50);
                }
            }
        }));
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        await done.CancelAsync();
        var busy = await loaded;

        var user = await client.GetAsync($"/user/bench-{tag}", CancellationToken.None);
        var credited = user.Body?.GetProperty("total_uploaded").GetInt64() / 16384;
        var count = (reports - warmUp) * perReport;
        Console.WriteLine($"{count} receipts in {reports - warmUp} reports of {perReport} from {receivers} receivers, {parallel} at a time: {count / seconds:F0} receipts/s durable, {refusals} told to come back");
        Console.WriteLine($"announce p99: idle {Samples.Quantile(idle, 0.99):F2} ms, while reports saturate {Samples.Quantile(busy, 0.99):F2} ms ({Samples.Quantile(busy, 0.99) / Samples.Quantile(idle, 0.99):F1} x); p50 {Samples.Median(idle):F2} and {Samples.Median(busy):F2} ms");
        return credited == reports * perReport ? 0 : Fail($"credited {credited} receipts of {reports * perReport}");
    }

    private static int Fail(string why)
    {
        Console.Error.WriteLine(why);
        return 1;
    }
}
