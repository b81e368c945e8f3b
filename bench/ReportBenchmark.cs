using System.Diagnostics;
using System.Net;
using Pbts.Load;
using Pbts.Peer;
using Pbts.Protocol.Receipts;

namespace Pbts.Bench;

/// <summary>
/// Reports to a running tracker, from the first byte of the request to the answer that follows the commit; and how long
/// announces take meanwhile, beside how long they take when nothing else happens. In rounds, of which the first is warm-up.
/// </summary>
internal static class ReportBenchmark
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var url = arguments.Text("--url", TrackerClient.DefaultUrl);
        var (perReport, receivers) = (arguments.Number("--receipts", 50), arguments.Number("--receivers", 5));
        var (reports, parallel, rounds) = (arguments.Number("--reports", 300), arguments.Number("--parallel", 4), arguments.Number("--rounds", 3));

        var sender = new LoadMember(LoadMember.NewName("bench"), MemberIdentity.Generate());
        using var client = new TrackerClient(url) { Member = (sender.UserId, sender.Identity) };
        await sender.RegisterAsync(client);
        var source = new ReceiptSource(sender, await LoadMember.RegisterManyAsync(client, receivers, "bench"));
        Console.WriteLine($"{"round",-8} {"receipts/s",11} {"of verifying",13} {"idle p50",9} {"p99 ms",8} {"busy p50",9} {"p99 ms",8} {"p99 ratio",10}");
        var rows = new List<Round>();
        var refusals = 0;
        for (var round = 0; round <= rounds; round++)
        {
            var signed = new Receipt[reports][];
            Parallel.For(0, reports, i => signed[i] = source.Next(perReport));
            var seconds = 0.0;
            var (idle, busy) = await AnnounceProbe.BesideAsync(new IPEndPoint(IPAddress.Loopback, new Uri(url).Port), async () =>
            {
                var started = Stopwatch.GetTimestamp();
                await SendAsync(signed);
                seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            });
            var row = new Round(reports * perReport / seconds, VerifyBenchmark.Rate(perReport, receivers), idle, busy);
            Console.WriteLine(row.Line(round == 0 ? "warm-up" : $"{round}"));
            if (round > 0)
                rows.Add(row);
        }

        var (rate, share, ratio) = (Samples.Median(rows.Select(row => row.Rate)), Samples.Median(rows.Select(row => row.Share)), Samples.Median(rows.Select(row => row.Slowdown)));
        Console.WriteLine($"\nmedians: {rate:F0} receipts/s durable = {100 * share:F0} % of what one thread verifies; announce p99 {ratio:F1} x idle; {refusals} reports told to come back");
        await Results.WriteAsync(arguments, "report", new { receipts_per_report = perReport, receivers, parallel, rounds, receipts_per_second = rate, share_of_verification = share, announce_p99_ratio = ratio, refusals });
        await source.CheckCreditedAsync(client);
        return 0;

        async Task SendAsync(Receipt[][] signed)
        {
            var next = -1;
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
        }
    }

    /// <param name="Rate">Receipts a second, durable.</param>
    /// <param name="Verifying">Receipts a second that one thread verifies.</param>
    private sealed record Round(double Rate, double Verifying, List<double> Idle, List<double> Busy)
    {
        public double Share => Rate / Verifying;

        public double Slowdown => Samples.Quantile(Busy, 0.99) / Samples.Quantile(Idle, 0.99);

        public string Line(string name) =>
            $"{name,-8} {Rate,11:F0} {100 * Share,11:F0} % {Samples.Median(Idle),9:F2} {Samples.Quantile(Idle, 0.99),8:F2} {Samples.Median(Busy),9:F2} {Samples.Quantile(Busy, 0.99),8:F2} {Slowdown,10:F1}";
    }
}
