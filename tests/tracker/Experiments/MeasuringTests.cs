using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Http;
using Pbts.Experiments;
using Pbts.Experiments.Output;
using Pbts.Experiments.Parts;
using Pbts.Experiments.Tracker;
using Pbts.Load;
using Pbts.Peer;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Experiments;

/// <summary>Each way in which the reference's benchmarks measured something else than they said (9.K), tried against ours.</summary>
[Collection("node")]
public sealed class MeasuringTests(SharedNode shared)
{
    private static readonly Settings Small = new() { Iterations = 5, Duration = 1, Output = Path.GetTempPath(), Quick = true };

    private readonly PlainProgress _progress = new(TextWriter.Null);

    [Fact]
    public async Task K1_every_report_has_receipts_that_were_never_sent_before()
    {
        using var api = new TrackerApi(shared.Node.Url);
        var members = await LoadMember.RegisterManyAsync(api.Client, 3, "k1");
        var source = new ReceiptSource(members[0], members[1..]);
        var ids = Enumerable.Range(0, 20).SelectMany(_ => source.Next(5)).Select(receipt => receipt.Id).ToArray();
        Assert.Equal(100, ids.Distinct().Count());

        // And one that was sent before is noticed: it would be answered without being verified.
        var counted = new ReceiptSource(members[0], members[1..]);
        var report = counted.NextReport(5);
        await api.ReportAsync(report, 5);
        await Assert.ThrowsAsync<ExperimentException>(() => api.ReportAsync(report, 5));
        await counted.CheckCreditedAsync(api.Client);
        _ = counted.Next(1);
        await Assert.ThrowsAsync<LoadException>(() => counted.CheckCreditedAsync(api.Client));
    }

    [Fact]
    public async Task K1_every_voucher_raises_its_session_and_one_that_does_not_is_noticed()
    {
        using var api = new TrackerApi(shared.Node.Url);
        var members = await LoadMember.RegisterManyAsync(api.Client, 3, "k1");
        var source = new VoucherSource(members[0], members[1..], await api.InstanceAsync(), 5);
        var report = source.NextReport(5);
        await api.ReportAsync(report, 5);
        foreach (var count in new[] { 5, 3, 4 })
            await api.ReportAsync(source.NextReport(count), count);
        await source.CheckCreditedAsync(api.Client);
        await Assert.ThrowsAsync<ExperimentException>(() => api.ReportAsync(report, 5));
        await source.CheckCreditedAsync(api.Client);
        _ = source.Next(1);
        await Assert.ThrowsAsync<LoadException>(() => source.CheckCreditedAsync(api.Client));
    }

    [Fact]
    public void K3_and_K4_no_receipt_is_from_the_future_whoever_signs_it()
    {
        var sources = Enumerable.Range(0, 50).Select(i => new ReceiptSource(new($"s{i}", MemberIdentity.Generate()), [new("r", MemberIdentity.Generate())])).ToArray();
        var times = sources.SelectMany(source => source.Next(2)).Select(receipt => receipt.Time.Value).ToArray();
        var now = (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Assert.All(times, time => Assert.InRange(time, now - 120, now));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(202)]
    [InlineData(500)]
    public async Task K2_an_answer_that_is_no_success_is_not_measured(int status)
    {
        await using var tracker = await StubTracker.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsJsonAsync(new { success = status == 202, error = "Missing payload" });
        });
        using var api = new TrackerApi(tracker.Url);
        var run = new ExperimentRun(Small, _progress);
        Assert.False(await run.TimeAsync(new() { Part = "overhead", Name = "attestation" }, () => 0, async _ => await api.PostAsync("generate-attestation")));
        var finding = Assert.Single(run.Findings);
        Assert.Equal((Outcome.Failed, null), (finding.Outcome, finding.Samples));
        Assert.Contains($"{status}: Missing payload", finding.Reason!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("accepted", "accepted")]
    [InlineData("duplicate", "accepted")]
    [InlineData("future", "accepted")]
    [InlineData("accepted", "duplicate")]
    [InlineData("accepted", "partial")]
    public async Task K3_a_report_counts_only_when_everything_in_it_is_accepted(string receipt, string voucher)
    {
        await using var tracker = await StubTracker.StartAsync(context => context.Response.WriteAsJsonAsync(new
        {
            // A tracker verifies vouchers also that it credits in part.
            success = true, verified_receipts = receipt == "accepted" ? 1 : 0, results = new[] { new { index = 0, status = receipt } },
            verified_vouchers = 1, voucher_results = new[] { new { index = 0, status = voucher } },
        }));
        using var api = new TrackerApi(tracker.Url);
        var refusal = await Record.ExceptionAsync(() => api.ReportAsync([], 2));
        Assert.Equal((receipt, voucher) == ("accepted", "accepted"), refusal is null);
    }

    /// <summary>The tracker holds every report until all are there: reporters one after another would wait for ever.</summary>
    [Fact]
    public async Task K5_reporters_report_at_the_same_time()
    {
        const int Reporters = 30;
        var (waiting, all, rounds) = (0, new TaskCompletionSource(), 0);
        await using var tracker = await StubTracker.StartAsync(async context =>
        {
            var these = all;
            if (Interlocked.Increment(ref waiting) == Reporters)
            {
                (waiting, all, rounds) = (0, new TaskCompletionSource(), rounds + 1);
                these.SetResult();
            }

            await these.Task.WaitAsync(TimeSpan.FromSeconds(60));
            await context.Response.WriteAsJsonAsync(StubTracker.Accepted(10));
        });
        using var api = new TrackerApi(tracker.Url);
        var receiver = new LoadMember("receiver", MemberIdentity.Generate());
        var sources = Enumerable.Range(0, Reporters).Select(i => new ReceiptSource(new($"sender{i}", MemberIdentity.Generate()), [receiver])).ToArray();
        var run = new ExperimentRun(Small, _progress);
        await new ScalabilityExperiment().ReportTogetherAsync(run, api, sources);
        Assert.Equal(2, rounds); // One opens the connections.
        Assert.Equal(Reporters, run.Find("scalability", "report")?.Summary!.Count);
        Assert.Equal(Reporters, run.Find("scalability", "reports under way at once")?.Value);
    }

    [Fact]
    public async Task K5_being_told_to_come_back_is_counted_and_part_of_the_time()
    {
        var asked = 0;
        await using var tracker = await StubTracker.StartAsync(context =>
        {
            context.Response.StatusCode = Interlocked.Increment(ref asked) == 1 ? 503 : 200;
            return context.Response.WriteAsJsonAsync(StubTracker.Accepted(2));
        });
        using var api = new TrackerApi(tracker.Url);
        await api.ReportAsync([], 2);
        Assert.Equal((2, 1), (asked, api.ToldToComeBack));
    }

    /// <summary>The reference measured a slice of a list; here the swarm must be as large as the figure says, on the tracker.</summary>
    [Fact]
    public async Task K4_the_swarm_is_one_of_the_tracker_and_as_large_as_it_says()
    {
        var run = new ExperimentRun(Small with { Tracker = shared.Node.Url }, _progress);
        using var api = new TrackerApi(shared.Node.Url);
        await new ScalabilityExperiment().SwarmAsync(run, api, 0, 300);
        Assert.Empty(run.Findings.Where(finding => finding.Outcome == Outcome.Failed).Select(finding => $"{finding.Name}: {finding.Reason}"));
        Assert.InRange(run.Find("scalability", "announce to a swarm", 300)?.Summary!.Count ?? 0, Small.Fewest, Small.Iterations);
        Assert.InRange(run.Find("scalability", "report from a swarm", 300)?.Summary!.Count ?? 0, Small.Fewest, Small.Iterations);

        var torrent = InfoHash.From("experiments-k4-swarm"u8);
        byte[] reply = [.. "d5:filesd20:"u8, .. torrent.Span, .. "d8:completei10e10:downloadedi0e10:incompletei20eeee"u8];
        await using var tracker = await StubTracker.StartAsync(context => context.Response.Body.WriteAsync(reply).AsTask());
        await ScalabilityExperiment.CheckSwarmAsync(tracker.Url, torrent, 30);
        var smaller = await Assert.ThrowsAsync<ExperimentException>(() => ScalabilityExperiment.CheckSwarmAsync(tracker.Url, torrent, 31));
        Assert.Contains("30 peers where 31", smaller.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void K5_threads_work_at_the_same_time()
    {
        var (inside, most) = (0, 0);
        var rates = ThroughputExperiment.Measure(_ =>
        {
            var now = Interlocked.Increment(ref inside);
            for (int seen = most; now > seen; seen = most)
                Interlocked.CompareExchange(ref most, now, seen);
            Thread.Sleep(5);
            Interlocked.Decrement(ref inside);
        }, threads: 4, seconds: 2);
        Assert.Equal(4, most);
        Assert.Equal(10, rates.Length);
        Assert.Throws<ExperimentException>(() => ThroughputExperiment.Measure(_ => throw new ExperimentException("wrong"), 2, 0.1));
    }

    [Theory]
    [InlineData("d14:failure reason5:nevere")]
    [InlineData("d8:completei0e10:incompletei1e8:intervali60e5:peers0:15:warning message4:busye")]
    [InlineData("<html>")]
    public async Task K6_an_announce_that_is_refused_is_not_the_baseline(string answer)
    {
        await using var tracker = await StubTracker.StartAsync(context => context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes(answer)).AsTask());
        using var client = new TrackerClient(tracker.Url.ToString());
        await Assert.ThrowsAsync<ExperimentException>(() => OverheadExperiment.AnnounceAsync(client, OverheadExperiment.Announce(1)));
        using var real = new TrackerClient(shared.Node.Url.ToString());
        await OverheadExperiment.AnnounceAsync(real, OverheadExperiment.Announce(1));
    }

    /// <summary>The reference measured signing alone and compared with a baseline of 0.1 ms that nobody had measured.</summary>
    [Fact]
    public async Task K7_hashing_counts_and_the_baseline_is_measured()
    {
        var run = new ExperimentRun(Small with { Iterations = 10, Tracker = shared.Node.Url }, _progress);
        await new DownloadExperiment().RunAsync(run);
        // Hashing is in it: what is left without signing is at least what hashing alone takes here, but for noise.
        var piece = new byte[4096 * 1024];
        var hashing = Enumerable.Range(0, 10).Min(_ =>
        {
            var started = Stopwatch.GetTimestamp();
            System.Security.Cryptography.SHA256.HashData(piece);
            return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        });
        Assert.InRange(run.Find("download", "hashing and signing", 4096)!.Summary!.Minimum, 0.7 * hashing, double.MaxValue);

        // 200 vouchers a gigabyte at 1 MB/s, one each 5 s, and fewer than receipts: 3,815 of 256 KiB each.
        var (signing, computed) = (run.Find("download", "signing a voucher")!.Summary!.Mean, run.Find("download", "overhead with vouchers at 1 MB/s", 256)!.Value!.Value);
        Assert.InRange(computed, 100 * 200 * signing / 1_000_000, 100 * 210 * signing / 1_000_000);

        await new OverheadExperiment().RunAsync(run);
        Assert.Empty(run.Findings.Where(finding => finding.Outcome == Outcome.Failed).Select(finding => $"{finding.Name}: {finding.Reason}"));
        var baseline = run.Find("overhead", "announce (baseline)")!.Typical!.Value;
        Assert.Equal([1.0, 10, 50], run.Findings.Where(finding => finding is { Part: "overhead", Name: "report of vouchers", Summary: not null }).Select(finding => finding.Size!.Value));
        Assert.Equal(run.Find("overhead", "report", 10)!.Typical - baseline, run.Find("overhead", "report, more than the baseline", 10)!.Value);
    }

    [Fact]
    public async Task Results_of_real_transfers_are_taken_over()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, """
            {"benchmark":"transfer","processors":2,"quick":true,"results":[
              {"rate_mb_per_s":1,"piece_kib":256,"megabytes":4,"without_s":[4.0],"with_s":[4.1],"with_download_s":[4.05],"without_median_s":4.0,"with_median_s":4.1,"overhead_percent":2.5,"download_overhead_percent":1.25,"paper_computed_percent":52},
              {"rate_mb_per_s":null,"piece_kib":2048,"megabytes":200,"without_s":[1,2,3],"with_s":[2,3,4],"with_download_s":[1,2,3],"without_median_s":2,"with_median_s":3,"overhead_percent":50,"download_overhead_percent":0,"paper_computed_percent":null}]}
            """);
        var run = new ExperimentRun(Small with { Transfers = file }, _progress);
        await new DownloadExperiment().RunAsync(run);
        File.Delete(file);
        Assert.Equal(2.5, run.Find("download", "real transfer at 1 MB/s, overhead", 256)?.Value);
        Assert.Equal([2.0, 3.0, 4.0], run.Find("download", "real transfer at full speed, with vouchers", 2048)!.Samples!);
        Assert.Equal(1.0, run.Find("download", "real transfer at full speed, added", 2048)?.Value);
        Assert.Equal(1.25, run.Find("download", "real transfer at 1 MB/s, overhead until the file is there", 256)?.Value);
        Assert.DoesNotContain(run.Findings, finding => finding.Outcome != Outcome.Measured);

        // Drawn beside the formula of the same rate; full speed is none of the formula's.
        var chart = Chart.From(new(DateTimeOffset.UtcNow, 1, Small, Machine.Read(null), run.Findings)).Single(chart => chart.Name == "transfers");
        Assert.Equal(["measured at 1 MB/s", "formula at 1 MB/s"], chart.Lines.Select(line => line.Name));
        Assert.Equal([256.0], chart.Sizes);
        Assert.Equal(2.5, chart.Lines[0].Values.Single());
    }

    [Fact]
    public async Task Without_tracker_and_chain_everything_that_needs_them_is_skipped_by_name()
    {
        var run = new ExperimentRun(Small with { Agent = "/nowhere/dstack.sock" }, _progress);
        await run.RunAsync([new LatencyExperiment(), new OverheadExperiment(), new ScalabilityExperiment(), new GasExperiment()]);
        var skipped = run.Findings.Where(finding => finding.Outcome == Outcome.Skipped).ToDictionary(finding => $"{finding.Part}: {finding.Name}", finding => finding.Reason!);
        Assert.Equal(
            ["gas: all of it", "latency: attestation generation", "latency: attestation verification, own quote", "latency: key generation, TEE-derived",
             "latency: registration with an attestation, end to end", "latency: registration, end to end", "overhead: all of it", "scalability: all of it"], skipped.Keys.Order(StringComparer.Ordinal));
        Assert.StartsWith("no TEE: ", skipped["latency: attestation generation"], StringComparison.Ordinal);
        Assert.StartsWith("no tracker", skipped["overhead: all of it"], StringComparison.Ordinal);
        Assert.StartsWith("no chain", skipped["gas: all of it"], StringComparison.Ordinal);
        Assert.Equal(["key generation", "attestation verification, sample quote"], run.Findings.Where(finding => finding.Outcome == Outcome.Measured).Select(finding => finding.Name));
    }
}
