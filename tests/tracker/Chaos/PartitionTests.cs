using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Npgsql;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Chaos;

/// <summary>
/// Three all-in-one nodes on machines of their own; the network of one is cut while every receipt is posted to both sides.
/// Whoever ends is started again, as a supervisor does.
/// </summary>
[Trait("suite", "slow")]
public sealed class PartitionTests(ITestOutputHelper output)
{
    private const int Nodes = 3;
    private const int Victim = 3;
    private const int Bytes = 1000;
    private static readonly TimeSpan CutFor = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan MayTake = TimeSpan.FromMinutes(2);

    [Fact]
    public Task A_silo_cut_from_the_others_and_the_database_credits_nothing_twice_and_rejoins_by_itself() =>
        CutAsync(LabNetwork.Cluster, LabNetwork.Database);

    [Fact]
    public Task A_silo_cut_from_the_others_alone_credits_nothing_twice_and_rejoins_by_itself() =>
        CutAsync(LabNetwork.Cluster);

    private async Task CutAsync(params LabNetwork[] networks)
    {
        using var lab = new NetworkLab(Nodes);
        var postgres = new PostgresServer { Address = lab.Address(LabNetwork.Database, 254).ToString() };
        await postgres.InitializeAsync();
        var local = await postgres.CreateDatabaseAsync();
        var nodes = new SupervisedNode[Nodes];
        try
        {
            for (var i = 0; i < Nodes; i++)
                nodes[i] = await SupervisedNode.StartAsync(lab, i + 1, postgres.OverNetwork(local));
            await RunAsync(lab, nodes, networks);
            await using var source = NpgsqlDataSource.Create(local);
            await using var command = source.CreateCommand("SELECT coalesce(sum(bytes), 0)::bigint, count(*) FROM receipts");
            await using var reader = await command.ExecuteReaderAsync();
            await reader.ReadAsync();
            output.WriteLine($"in the ledger: {reader.GetInt64(1)} receipts, {reader.GetInt64(0)} bytes");
            Assert.Equal(reader.GetInt64(1) * Bytes, reader.GetInt64(0));
        }
        finally
        {
            foreach (var node in nodes)
            {
                if (node is not null)
                    await node.DisposeAsync();
            }

            await postgres.DisposeAsync();
        }
    }

    private async Task RunAsync(NetworkLab lab, SupervisedNode[] nodes, LabNetwork[] networks)
    {
        var (majority, cut) = (nodes[0], nodes[Victim - 1]);
        await WaitAsync("all nodes know each other", async () => await SilosAsync(majority) == Nodes);
        var sender = await Member.RegisteredAsync(majority.Http, "sender");
        var receiver = await Member.RegisteredAsync(majority.Http, "receiver");
        var torrents = Enumerable.Range(0, 60).Select(_ => Announcer.NewTorrent()).ToArray();
        var load = new DoublePosts(sender, receiver, [majority, cut]);
        load.Start();
        await WaitAsync("reports go through on both sides", () => Task.FromResult(load.AnsweredBy(majority) > 5 && load.AnsweredBy(cut) > 5));
        await AnnounceAllAsync(cut, torrents);

        var clock = Stopwatch.StartNew();
        lab.Cut(Victim, networks);
        await WaitAsync("the cut silo is declared dead", async () => await SilosAsync(majority) == Nodes - 1);
        output.WriteLine($"the silo was declared dead {clock.Elapsed.TotalSeconds:F1} s after the cut");
        // Every swarm and the sender's receipts answer on the majority's side again, although some lived on the silo that was cut off.
        await WaitAsync("the majority serves", async () => await CountAnsweredAsync(majority, torrents) == torrents.Length);
        output.WriteLine($"the majority served every swarm {clock.Elapsed.TotalSeconds:F1} s after the cut");
        var before = load.AnsweredBy(majority);
        await WaitAsync("the majority takes reports", () => Task.FromResult(load.AnsweredBy(majority) > before + 3));
        output.WriteLine($"the majority took reports {clock.Elapsed.TotalSeconds:F1} s after the cut");
        if (clock.Elapsed < CutFor)
            await Task.Delay(CutFor - clock.Elapsed);
        Assert.Equal(torrents.Length, await CountAnsweredAsync(majority, torrents));

        lab.Mend(Victim, networks);
        clock.Restart();
        await WaitAsync("the cut silo is back", async () => await SilosAsync(majority) == Nodes);
        output.WriteLine($"three members again {clock.Elapsed.TotalSeconds:F1} s after the cable was back; the cut silo's process was started again {cut.Restarts} times");
        await WaitAsync("the cut silo serves", async () => await CountAnsweredAsync(cut, torrents) == torrents.Length);
        before = load.AnsweredBy(cut);
        await WaitAsync("the cut silo takes reports", () => Task.FromResult(load.AnsweredBy(cut) > before + 3));
        output.WriteLine($"it served every swarm and took reports {clock.Elapsed.TotalSeconds:F1} s after the cable was back");

        await load.StopAsync();
        output.WriteLine($"{load.Receipts} receipts, each posted to both sides until each had answered: accepted {load.Accepted}, answers by the majority {load.AnsweredBy(majority)}, by the cut silo {load.AnsweredBy(cut)}, attempts that failed {load.FailedAttempts}");
        // An attempt whose answer was lost may have been the one that counted, so there may be fewer than receipts, never more.
        Assert.InRange(load.Accepted, 1, load.Receipts);
        Assert.False(load.AnyAcceptedTwice, "A receipt was accepted twice.");
        foreach (var node in nodes)
        {
            Assert.Equal((load.Receipts * Bytes, 0), await sender.TotalsAsync(node.Http));
            Assert.Equal((0, load.Receipts * Bytes), await receiver.TotalsAsync(node.Http));
        }

        Assert.Equal(0, nodes[0].Restarts + nodes[1].Restarts);

        async Task WaitAsync(string what, Func<Task<bool>> condition)
        {
            for (var waited = Stopwatch.StartNew(); ; await Task.Delay(200))
            {
                try
                {
                    if (await condition())
                        return;
                }
                catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
                {
                }

                Assert.True(waited.Elapsed < MayTake, $"Not within {MayTake.TotalMinutes:F0} minutes: {what}.\n{string.Join("\n\n", nodes.Select(node => node.Log))}");
            }
        }
    }

    private static async Task<int> SilosAsync(SupervisedNode node) => (int)(await node.Http.GetJsonAsync("/stats")).Answer["silos"]!;

    private static async Task AnnounceAllAsync(SupervisedNode node, byte[][] torrents) =>
        Assert.Equal(torrents.Length, await CountAnsweredAsync(node, torrents));

    private static async Task<int> CountAnsweredAsync(SupervisedNode node, byte[][] torrents)
    {
        var answers = await Task.WhenAll(torrents.Select(async torrent =>
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            try
            {
                var answer = await node.Http.GetStringAsync(Announcer.Target(torrent, 1, 0), limit.Token);
                return answer.Contains("8:complete", StringComparison.Ordinal) && !answer.Contains("warning", StringComparison.Ordinal);
            }
            catch (Exception e) when (e is OperationCanceledException or HttpRequestException)
            {
                return false;
            }
        }));
        return answers.Count(answered => answered);
    }

    /// <summary>New receipts all the time, each posted to every node at the same moment and again until every node has answered.</summary>
    private sealed class DoublePosts(Member sender, Member receiver, SupervisedNode[] nodes)
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly ConcurrentDictionary<SupervisedNode, int> _answers = [];
        private readonly ConcurrentDictionary<uint, int> _accepted = [];
        private Task _running = Task.CompletedTask;
        private int _failed;

        public long Receipts { get; private set; }

        public long Accepted => _accepted.Count;

        public bool AnyAcceptedTwice => _accepted.Values.Any(times => times > 1);

        public int FailedAttempts => _failed;

        public int AnsweredBy(SupervisedNode node) => _answers.GetValueOrDefault(node);

        public void Start() => _running = Task.Run(async () =>
        {
            var posts = new List<Task>();
            for (uint piece = 0; !_stop.IsCancellationRequested; piece++)
            {
                var receipt = receiver.Receipt(sender, $"piece {piece}", piece, size: Bytes);
                var number = piece;
                posts.AddRange(nodes.Select(node => PostAsync(node, number, receipt)));
                Receipts++;
                await Task.Delay(250);
            }

            await Task.WhenAll(posts);
        });

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _running.WaitAsync(MayTake);
        }

        private async Task PostAsync(SupervisedNode node, uint piece, System.Text.Json.Nodes.JsonObject receipt)
        {
            while (true)
            {
                try
                {
                    var (status, answer) = await sender.ReportAsync(node.Http, receipt);
                    if (status == HttpStatusCode.OK)
                    {
                        var verdict = answer.Statuses()[0];
                        if (verdict == "accepted")
                            _accepted.AddOrUpdate(piece, 1, (_, times) => times + 1);
                        Assert.Contains(verdict, new[] { "accepted", "duplicate" });
                        _answers.AddOrUpdate(node, 1, (_, count) => count + 1);
                        return;
                    }
                }
                catch (Exception e) when (e is HttpRequestException or OperationCanceledException or InvalidOperationException)
                {
                }

                Interlocked.Increment(ref _failed);
                await Task.Delay(1000);
            }
        }
    }
}
