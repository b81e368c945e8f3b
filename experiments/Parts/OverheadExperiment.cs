using System.Security.Cryptography;
using Pbts.Experiments.Tracker;
using Pbts.Load;
using Pbts.Peer;
using Pbts.Protocol.Receipts;

namespace Pbts.Experiments.Parts;

/// <summary>How long the tracker takes over HTTP for each of its duties, one request at a time, beside a plain announce.</summary>
internal sealed class OverheadExperiment : IExperiment
{
    private const string Baseline = "announce (baseline)";
    private static readonly int[] Sizes = [1, 10, 50];

    public string Name => "overhead";

    public string Description => "what each of the tracker's duties costs over HTTP";

    public double ExpectedSeconds(Settings settings) => (11 * settings.Budget.TotalSeconds / 2) + (2 * settings.Fewest); // A second until a transaction is seen.

    public async Task RunAsync(ExperimentRun run)
    {
        if (run.Settings.Tracker is not { } tracker)
        {
            run.Skip(Name, "all of it", run.Settings.NoTracker);
            return;
        }

        using var api = new TrackerApi(tracker);
        using var client = new TrackerClient(tracker.ToString());
        await run.TimeAsync(Entry(Baseline), () => Announce(1), async request => await AnnounceAsync(client, request));
        await run.TimeAsync(Entry("key generation"), () => 0, async _ => CheckKey(await api.PostAsync("keygen")));
        await TimeTeeAsync(run, api);

        var (senders, receivers) = (await LoadMember.RegisterManyAsync(api.Client, 2, "overhead"), await LoadMember.RegisterManyAsync(api.Client, 5, "overhead"));
        var source = new ReceiptSource(senders[0], receivers);
        foreach (var size in Sizes)
        {
            await run.TimeAsync(Entry("report") with { Size = size, SizeUnit = size == 1 ? "receipt" : "receipts", Note = "new receipts in every report, of five receivers in turn; until they are durable" },
                () => source.NextReport(size), async report => await api.ReportAsync(report, size));
        }

        var vouchers = new VoucherSource(senders[1], receivers, await api.InstanceAsync(), Sizes.Max());
        foreach (var size in Sizes)
        {
            await run.TimeAsync(Entry("report of vouchers") with { Size = size, SizeUnit = size == 1 ? "voucher" : "vouchers", Note = "each raises a session of its own, of five receivers in turn; until they are durable" },
                () => vouchers.NextReport(size), async report => await api.ReportAsync(report, size));
        }

        await run.TimeAsync(Entry("announce and report") with { Size = 10, SizeUnit = "receipts" }, () => (Announce(2), source.NextReport(10)), async both =>
        {
            await AnnounceAsync(client, both.Item1);
            await api.ReportAsync(both.Item2, 10);
        });
        foreach (var all in (ReportSource[])[source, vouchers])
            await run.GuardAsync(Entry($"credit for all of these {all.What}"), () => all.CheckCreditedAsync(api.Client));
        await run.TimeAsync(Entry("announce, 10 clients at once") with { Note = "until all ten are answered" }, () => Enumerable.Range(1, 10).Select(Announce).ToArray(),
            requests => Task.WhenAll(requests.Select(request => AnnounceAsync(client, request))));
        await TimeChainAsync(run, api);
        AddOverheads(run);
    }

    private async Task TimeTeeAsync(ExperimentRun run, TrackerApi api)
    {
        var (agent, missing, _) = await TeeAgent.FindAsync(run.Settings);
        agent?.Dispose();
        foreach (var (name, path, body) in new (string, string, Func<object>)[]
        {
            ("key generation, TEE-derived", "keygen-tee", () => new { }),
            ("attestation", "generate-attestation", () => new { payload = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)) }),
        })
        {
            var (status, _, error) = await api.Client.PostAsync(path, body(), CancellationToken.None);
            // Without a TEE the answer is 503 by contract; anything else wrong is a failure.
            if (status is 404 or 503)
                run.Skip(Name, name, $"POST /{path} is answered with {status}: {error}{(missing is null ? "" : $"; {missing}")}");
            else
                await run.TimeAsync(Entry(name), body, async request => await api.PostAsync(path, request));
        }
    }

    private async Task TimeChainAsync(ExperimentRun run, TrackerApi api)
    {
        var status = await api.GetAsync("contract/status");
        if (!status.GetProperty("configured").GetBoolean() || !status.GetProperty("connected").GetBoolean())
        {
            run.Skip(Name, "registration on the contract", run.Settings.NoChain);
            run.Skip(Name, "update on the contract", run.Settings.NoChain);
            return;
        }

        var user = "";
        await run.GuardAsync(Entry("registration on the contract"), async () =>
        {
            await api.PostAsync("contract/init");
            await run.TimeAsync(Entry("registration on the contract") with { Note = "until the transaction is mined, on anvil, which mines at once" }, () => user = LoadMember.NewName("chain"), async name =>
                await api.PostAsync("contract/register?wait=60", new { username = name, salt = "salt", password_hash = new string('1', 64), download_size = 0, upload_size = 0 }), 200);
            long size = 0;
            await run.TimeAsync(Entry("update on the contract") with { Note = "until the transaction is mined, on anvil" }, () => ++size, async up =>
                await api.PostAsync("contract/update?wait=60", new { username = user, download_size = 1, upload_size = up }), 200);
        });
    }

    /// <summary>Each median beside that of the plain announce of the same run.</summary>
    private void AddOverheads(ExperimentRun run)
    {
        if (run.Find(Name, Baseline)?.Typical is not { } baseline)
            return;
        foreach (var finding in run.Findings.Where(finding => finding.Part == Name && finding.Name != Baseline && finding.Summary is not null).ToArray())
            run.Add(finding with { Name = finding.Name + ", more than the baseline", Samples = null, Value = finding.Typical - baseline, Note = null });
    }

    internal static AnnounceRequest Announce(int peer) => new()
    {
        InfoHash = InfoHash.From("experiments-overhead"u8),
        PeerId = [.. "-PX0100-"u8, .. BitConverter.GetBytes(peer), .. new byte[8]],
        Port = 20_000 + peer, Left = 1,
    };

    internal static async Task AnnounceAsync(TrackerClient client, AnnounceRequest request)
    {
        var answer = await client.AnnounceAsync(request, CancellationToken.None);
        if ((answer.Failure ?? answer.Warning) is { } problem)
            throw new ExperimentException($"an announce was answered with: {problem}");
        if (answer.Leechers == 0)
            throw new ExperimentException("the tracker does not count who announces");
    }

    private static void CheckKey(System.Text.Json.JsonElement answer)
    {
        if (Convert.FromBase64String(answer.GetProperty("public_key").GetString()!).Length != MemberKey.Length)
            throw new ExperimentException("/keygen gave no key");
    }

    private Finding Entry(string name) => new() { Part = Name, Name = name };
}
