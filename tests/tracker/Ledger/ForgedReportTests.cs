using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Admission;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Ledger;

/// <summary>One address that has signatures verified for nothing, against everybody else.</summary>
public sealed class ForgedReportTests(PostgresServer postgres, ITestOutputHelper output) : IClassFixture<PostgresServer>
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(3);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Twelve_connections_of_forged_reports_keep_nobody_else_waiting(bool limited)
    {
        // Without limits turns alone have to keep honest callers going.
        (string, string)[] settings = limited ? [("Receipts__VerificationRate", "2000"), ("Receipts__ForgeryBudget", "10000")] : [];
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), [("Receipts__Verifiers", "1"), .. settings]);
        using var thief = node.CreateClient("127.0.0.2");
        using var honest = node.CreateClient("127.0.0.3");
        var victim = await Member.RegisteredAsync(honest, "victim");
        var (alice, bob) = (await Member.RegisteredAsync(honest, "alice"), await Member.RegisteredAsync(honest, "bob"));
        var forged = Forged(victim, bob);
        // What this machine takes for it when nobody disturbs: others may be at work on it.
        var alone = TimeSpan.Zero;
        for (var round = 0; round < 3; round++)
            alone = Max(alone, await HonestAsync($"alone {round}"));

        using var stop = new CancellationTokenSource();
        var answers = new List<HttpStatusCode>();
        var flood = Enumerable.Range(0, 12).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var (status, _) = await thief.PostTextAsync("/report", forged);
                lock (answers)
                    answers.Add(status);
                if (status == HttpStatusCode.TooManyRequests)
                    await Task.Delay(20);
            }
        })).ToArray();
        await WaitAsync(() => Count(answers, null) >= 12, "the flood is under way");

        var slowest = TimeSpan.Zero;
        for (var round = 0; round < 8; round++)
        {
            slowest = Max(slowest, await HonestAsync($"round {round}"));
        }

        await stop.CancelAsync();
        await Task.WhenAll(flood);
        output.WriteLine($"slowest honest answer {slowest.TotalSeconds:F2} s, alone {alone.TotalSeconds:F2} s; forged reports: {string.Join(", ", answers.CountBy(status => status))}");
        Assert.True(slowest < Max(Bound, 8 * alone), $"An honest caller waited {slowest}, alone {alone}.");
        if (limited)
            Assert.True(Count(answers, HttpStatusCode.TooManyRequests) > 0, "Forgeries cost nothing.");

        // Nothing of it is still being done.
        var used = TimeSpan.Zero;
        await WaitAsync(async () =>
        {
            var before = TimeSpan.FromSeconds(node.CpuSeconds);
            await Task.Delay(500);
            used = TimeSpan.FromSeconds(node.CpuSeconds) - before;
            return (await Metrics.ReadAsync(node)).Value("pbts_verification_queue") == 0 && used < TimeSpan.FromMilliseconds(150);
        }, "the node is idle");

        // The slower of a report and a registration, each asked for again when it is told to come back.
        async Task<TimeSpan> HonestAsync(string name)
        {
            var receipts = Enumerable.Range(0, 3).Select(i => bob.Receipt(alice, name, (uint)i)).ToArray();
            var newcomer = new Member("newcomer");
            return Max(await TimeAsync(async () => (await alice.ReportAsync(honest, receipts)) is (HttpStatusCode.OK, var answer)
                && answer.Statuses().All(status => status == "accepted")), await TimeAsync(async () => (await newcomer.RegisterAsync(honest)).Status == HttpStatusCode.OK));
        }

        static async Task<TimeSpan> TimeAsync(Func<Task<bool>> succeeds)
        {
            var clock = Stopwatch.StartNew();
            while (!await succeeds() && clock.Elapsed < TimeSpan.FromMinutes(1))
                await Task.Delay(20);
            return clock.Elapsed;
        }
    }

    [Fact]
    public async Task Floods_of_receipts_to_verify_leave_signed_announces_their_turn()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Receipts__Verifiers", "1"));
        using var flooder = node.CreateClient("127.0.0.2");
        using var honest = node.CreateClient("127.0.0.3");
        var (alice, bob) = (await Member.RegisteredAsync(honest, "alice"), await Member.RegisteredAsync(honest, "bob"));
        var receipt = bob.Receipt(alice, "piece");
        var body = new JsonObject
        {
            ["receiver_public_key"] = bob.PublicKey, ["sender_public_key"] = alice.PublicKey, ["piece_hash"] = receipt["piece_hash"]!.DeepClone(),
            ["piece_index"] = 0, ["infohash"] = receipt["infohash"]!.DeepClone(), ["timestamp"] = 1, ["receipt"] = receipt["signature"]!.DeepClone(),
        }.ToJsonString();
        using var stop = new CancellationTokenSource();
        var answers = new List<HttpStatusCode>();
        var flood = Enumerable.Range(0, 150).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var (status, _) = await flooder.PostTextAsync("/verify-receipt", body);
                lock (answers)
                    answers.Add(status);
            }
        })).ToArray();
        await WaitAsync(() => Count(answers, HttpStatusCode.TooManyRequests) > 0, "the verifier has more to do than it can");
        for (var i = 0; i < 20; i++)
        {
            var torrent = InfoHash.From(Announcer.NewTorrent());
            var signature = Uri.EscapeDataString(alice.Sign(AnnounceMessage.Build(alice.UserId, torrent, "")));
            var clock = Stopwatch.StartNew();
            var reply = await honest.GetStringAsync(
                $"/announce?info_hash={Announcer.Escape(torrent.ToArray())}&peer_id={new string('p', 20)}&port=1000&left=1&user_id={alice.UserId}&signature={signature}");
            Assert.DoesNotContain("warning message", reply, StringComparison.Ordinal);
            Assert.True(clock.Elapsed < Bound, $"A signed announce waited {clock.Elapsed}.");
        }

        await stop.CancelAsync();
        await Task.WhenAll(flood);
    }

    [Fact]
    public async Task Bad_signatures_cost_their_address_many_times_what_good_ones_do()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Receipts__VerificationRate", "1"), ("Receipts__VerificationBurst", "1100"));
        using var thief = node.CreateClient("127.0.0.2");
        using var honest = node.CreateClient("127.0.0.3");
        var (alice, bob) = (await Member.RegisteredAsync(honest, "alice"), await Member.RegisteredAsync(honest, "bob"));
        // About 30 units, by the report's length; and 800 for what was forged.
        Assert.Equal(HttpStatusCode.OK, (await thief.PostTextAsync("/report", Forged(alice, bob, 20))).Status);
        Assert.Equal(HttpStatusCode.OK, (await thief.PostTextAsync("/report", Forged(alice, bob, 20))).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await thief.PostTextAsync("/report", Forged(alice, bob, 1))).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await new Member("thief").RegisterAsync(thief)).Status);
        for (var i = 0; i < 10; i++)
            Assert.Equal(["accepted"], (await alice.ReportAsync(honest, bob.Receipt(alice, $"{i}"))).Answer.Statuses());
        Assert.True((await Metrics.ReadAsync(node)).Value("pbts_verification_refused_total", "reason=\"budget\"") >= 2);
    }

    [Fact]
    public async Task A_report_is_charged_by_its_length_before_any_of_it_is_read()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Receipts__VerificationRate", "1"), ("Receipts__VerificationBurst", "1100"));
        using var stranger = new Stranger(node, "127.0.0.2");
        // A thousand receipts, none of which comes.
        await stranger.HoldAsync(1, Head(512_000));
        await Wait.UntilAsync(async () =>
        {
            using var next = await stranger.ConnectAsync();
            await next.SendAsync(Encoding.ASCII.GetBytes(Head(102_400)));
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            var answer = new byte[1024];
            try
            {
                return Encoding.ASCII.GetString(answer, 0, await next.ReceiveAsync(answer, patience.Token)).StartsWith("HTTP/1.1 429", StringComparison.Ordinal);
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        });
        using var honest = node.CreateClient("127.0.0.3");
        var (alice, bob) = (await Member.RegisteredAsync(honest, "alice"), await Member.RegisteredAsync(honest, "bob"));
        Assert.Equal(["accepted"], (await alice.ReportAsync(honest, bob.Receipt(alice, "one"))).Answer.Statuses());

        static string Head(int length) => $"POST /report HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\n\r\n";
    }

    [Fact]
    public async Task While_forgeries_of_all_cost_too_much_only_members_with_their_passkey_report()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Receipts__ForgeryBudget", "1"));
        using var thief = node.CreateClient("127.0.0.2");
        using var honest = node.CreateClient("127.0.0.3");
        var (alice, bob) = (await Member.RegisteredAsync(honest, "alice"), await Member.RegisteredAsync(honest, "bob"));
        Assert.Equal(HttpStatusCode.OK, (await thief.PostTextAsync("/report", Forged(alice, bob, 20))).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await alice.ReportAsync(honest, bob.Receipt(alice, "stranger"))).Status);
        var known = new JsonObject { ["user_id"] = alice.UserId, ["passkey"] = alice.Passkey, ["receipts"] = new JsonArray(bob.Receipt(alice, "known")) };
        Assert.Equal(["accepted"], (await honest.PostAsync("/report", known)).Answer.Statuses());
    }

    /// <summary>Receipts of the receiver with the signature of another: as dear to refuse as can be.</summary>
    private static string Forged(Member sender, Member receiver, int count = 1000)
    {
        var receipts = new JsonArray();
        var honest = receiver.Receipt(sender, "forged");
        var wrong = receiver.Receipt(sender, "another")["signature"]!;
        for (uint i = 0; i < count; i++)
        {
            var receipt = (JsonObject)honest.DeepClone();
            (receipt["piece_index"], receipt["signature"]) = (i, wrong.DeepClone());
            receipts.Add(receipt);
        }

        return new JsonObject { ["user_id"] = sender.UserId, ["receipts"] = receipts }.ToJsonString();
    }

    private static int Count(List<HttpStatusCode> answers, HttpStatusCode? status)
    {
        lock (answers)
            return answers.Count(answer => status is null || answer == status);
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static Task WaitAsync(Func<bool> condition, string what) => WaitAsync(() => Task.FromResult(condition()), what);

    private static async Task WaitAsync(Func<Task<bool>> condition, string what)
    {
        for (var waited = Stopwatch.StartNew(); !await condition(); await Task.Delay(20))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), $"Not in time: {what}.");
    }
}
