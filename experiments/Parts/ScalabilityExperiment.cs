using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Pbts.Experiments.Tracker;
using Pbts.Load;
using Pbts.Peer;
using Pbts.Protocol.Bencode;
using Pbts.Protocol.Receipts;

namespace Pbts.Experiments.Parts;

/// <summary>Many members reporting at the same moment, and large swarms, all over HTTP.</summary>
internal sealed class ScalabilityExperiment : IExperiment
{
    private const int PerReport = 10;
    private const int MostRepeated = 20;

    public string Name => "scalability";

    public string Description => "many reporters at once, and large swarms";

    public double ExpectedSeconds(Settings settings) =>
        (2 * settings.Reporters.Sum() * settings.Rounds * PerReport / 500.0) + (settings.Swarms.Sum() / 2000.0) + (settings.Swarms.Length * settings.Budget.TotalSeconds / 2);

    public async Task RunAsync(ExperimentRun run)
    {
        if (run.Settings.Tracker is not { } tracker)
        {
            run.Skip(Name, "all of it", run.Settings.NoTracker);
            return;
        }

        using var api = new TrackerApi(tracker);
        var receivers = await LoadMember.RegisterManyAsync(api.Client, 5, "receiver");
        var senders = await LoadMember.RegisterManyAsync(api.Client, 2 * run.Settings.Reporters.Max(), "reporter");
        var instance = await api.InstanceAsync();
        var halves = senders.Chunk(run.Settings.Reporters.Max()).ToArray();
        foreach (var sources in (ReportSource[][])[[.. halves[0].Select(sender => new ReceiptSource(sender, receivers))], [.. halves[1].Select(sender => new VoucherSource(sender, receivers, instance, PerReport))]])
        {
            foreach (var count in run.Settings.Reporters)
                await ReportTogetherAsync(run, api, sources[..count]);
            await run.GuardAsync(Reporters("credit for " + sources[0].What, sources.Length), async () =>
            {
                foreach (var source in sources)
                    await source.CheckCreditedAsync(api.Client);
            });
        }

        foreach (var (which, size) in run.Settings.Swarms.Index())
            await SwarmAsync(run, api, which, size);
    }

    /// <summary>All send at the same moment, on connections of their own; a round after another.</summary>
    internal async Task ReportTogetherAsync(ExperimentRun run, TrackerApi api, ReportSource[] sources)
    {
        var (what, of) = (sources[0].What, sources[0] is ReceiptSource ? "" : " of " + sources[0].What);
        var (latencies, rates, peak, comeBack) = (new List<double>(), new List<double>(), 0, 0);
        await run.GuardAsync(Reporters("report" + of, sources.Length), async () =>
        {
            // The first round opens the connections.
            for (var (round, repeated) = (0, 0); round <= run.Settings.Rounds; round++)
            {
                var reports = new byte[sources.Length][];
                Parallel.For(0, sources.Length, i => reports[i] = sources[i].NextReport(PerReport));
                api.Restart();
                var times = new double[sources.Length];
                var began = Stopwatch.GetTimestamp();
                // Each is on its way before the next begins, which takes this thread less than any answer does. Left to the thread
                // pool of a busy machine, the last would begin when the first are back.
                await Task.WhenAll(Enumerable.Range(0, sources.Length).Select(async i =>
                {
                    var started = Stopwatch.GetTimestamp();
                    await api.ReportAsync(reports[i], PerReport);
                    times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                }).ToArray());
                if (round == 0)
                    continue;
                // On a busy machine the first may be back before the last begins: that is not the same moment, and is done again.
                if (api.Peak < sources.Length && repeated < MostRepeated)
                {
                    (round, repeated) = (round - 1, repeated + 1);
                    continue;
                }

                rates.Add(sources.Length / Stopwatch.GetElapsedTime(began).TotalSeconds);
                latencies.AddRange(times);
                (peak, comeBack) = (Math.Max(peak, api.Peak), comeBack + api.ToldToComeBack);
            }

            run.Add(Reporters("report" + of, sources.Length) with { Samples = [.. latencies], Note = $"{PerReport} new {what} each; until they are durable; being told to come back included" });
            run.Add(Reporters($"reports{of} a second", sources.Length) with { Samples = [.. rates], Unit = "reports/s" });
            // ReportAsync has seen every one of them accepted; one that was not ends the measurement as failed.
            run.Add(Reporters(what + " accepted", sources.Length) with { Value = 100, Unit = "%" });
            run.Add(Reporters($"reports{of} under way at once", sources.Length) with { Value = peak, Unit = "reports" });
            run.Add(Reporters($"reports{of} told to come back", sources.Length) with { Value = comeBack, Unit = "answers 429 or 503" });
        });
    }

    internal async Task SwarmAsync(ExperimentRun run, TrackerApi api, int which, int size)
    {
        Finding Entry(string name) => new() { Part = Name, Name = name, Size = size, SizeUnit = "peers" };
        await run.GuardAsync(Entry("announce to a swarm"), async () =>
        {
            var tracker = new IPEndPoint(IPAddress.Loopback, api.Url.Port);
            // Torrents of this number are nobody else's.
            var torrent = 1_000_000 + RandomNumberGenerator.GetInt32(1_000_000_000) + which;
            using var load = new AnnounceLoad(tracker, connections: 16, (i, room) => AnnounceText.Write(room, torrent, i, 0, seeder: i % 2 == 0));
            if (load.Counted(size, underWay: 4).NotServed is > 0 and var notServed)
                throw new ExperimentException($"{notServed} of {size} peers were not served");

            var hash = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(hash, torrent);
            var infoHash = InfoHash.From(SHA1.HashData(hash));
            await CheckSwarmAsync(api.Url, infoHash, size);

            using var connection = await KeptConnection.OpenAsync(tracker);
            var (peer, request) = (0, new byte[AnnounceText.MaxLength]);
            await run.TimeAsync(Entry("announce to a swarm") with { Note = "one at a time, asking for 50 peers" },
                () => AnnounceText.Write(request, torrent, ++peer % size, 50, seeder: (peer % size) % 2 == 0), async length =>
                {
                    await connection.SendAsync(request.AsMemory(0, length));
                    if (await connection.ReceiveAsync() is not AnnounceAnswer.Served and var answer)
                        throw new ExperimentException($"an announce was answered with {answer}");
                });

            var members = await LoadMember.RegisterManyAsync(api.Client, 6, "swarm");
            var source = new ReceiptSource(members[0], members[1..], infoHash);
            await run.TimeAsync(Entry("report from a swarm") with { Note = $"{PerReport} new receipts each" }, () => source.NextReport(PerReport),
                async report => await api.ReportAsync(report, PerReport), Math.Min(run.Settings.Iterations, 100));
            await source.CheckCreditedAsync(api.Client);
        });
    }

    /// <summary>Whether the tracker counts as many peers as have announced.</summary>
    /// <exception cref="ExperimentException">It does not, so what comes next would be measured in a smaller swarm.</exception>
    internal static async Task CheckSwarmAsync(Uri tracker, InfoHash torrent, int size)
    {
        using var client = new TrackerClient(tracker.ToString());
        var (body, error, _) = await client.ScrapeAsync([torrent], CancellationToken.None);
        long complete = 0, incomplete = 0;
        if (body is not null && BencodeDocument.TryParse(body, BencodeLimits.Message, out var reply) == BencodeError.None
            && reply!.Root.TryGet("files"u8, out var files) && files.TryGet(torrent.Span, out var counts))
        {
            _ = counts.TryGetNumber("complete"u8, out complete) && counts.TryGetNumber("incomplete"u8, out incomplete);
        }

        if (complete + incomplete != size)
            throw new ExperimentException($"the swarm has {complete + incomplete} peers where {size} have announced{(error is null ? "" : $" ({error})")}");
    }

    private Finding Reporters(string name, int count) => new() { Part = Name, Name = name, Size = count, SizeUnit = "reporters" };
}
