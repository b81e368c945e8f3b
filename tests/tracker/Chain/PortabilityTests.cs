using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>Two whole trackers, one after the other, with nothing between them but the contract.</summary>
public sealed class PortabilityTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const int Members = 8;
    private static readonly string Torrent = new('t', 20);

    [Fact]
    public async Task A_tracker_that_starts_from_the_contract_alone_gives_each_member_its_ratio_once_and_strangers_nothing()
    {
        await using var anvil = await AnvilNode.StartAsync();
        (string Name, string Value)[] environment = [.. await ContractApiTests.EnvironmentAsync(anvil), ("Chain__Sync", "members"), ("Chain__SyncSeconds", "1"), ("Chain__SyncThreshold", "1"), ("Chain__SyncMinReceivers", "0")];
        var (members, totals, contract) = await RunFirstTrackerAsync(anvil, environment);

        // Once two are imported the node answers nothing more, so that there is a middle of the import to be killed in.
        var database = await postgres.CreateDatabaseAsync();
        var killed = new TaskCompletionSource();
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, _, forward) =>
            {
                if (method == "eth_call" && await ImportedAsync(database) >= 2) await killed.Task;
                return await forward();
            },
        };
        environment = [.. environment, ("RPC", proxy.Url.ToString()), ("REPUTATION_ADDRESS", contract.ToString()), ("INIT_CREDIT", "0")];
        Member unproven = new("stranger") { UserId = members[6].UserId }, foreign = new("stranger") { UserId = members[7].UserId };
        await using (var node = await NodeProcess.StartNodeAsync(database, environment))
        {
            Assert.Equal(HttpStatusCode.OK, (await unproven.RegisterAsync(node.Http, signed: false)).Status);
            Assert.Equal(HttpStatusCode.OK, (await foreign.RegisterAsync(node.Http)).Status);
            await Task.WhenAll(members.Take(6).Concat(members.Take(6)).Select(member => member.RegisterAsync(node.Http)));
            for (var waited = Stopwatch.StartNew(); await ImportedAsync(database) < 2; await Task.Delay(10))
                Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), $"Nothing was imported.\n{node.Log}");
            await node.KillAsync();
        }
        killed.SetResult();
        Assert.InRange(await ImportedAsync(database), 2, 5);

        proxy.Behaviour = async (_, _, forward) => await forward();
        await using (var node = await NodeProcess.StartNodeAsync(database, environment))
        {
            await ReadyAsync(node);
            for (var i = 0; i < 6; i++)
            {
                for (var waited = Stopwatch.StartNew(); await members[i].TotalsAsync(node.Http) != totals[i]; await Task.Delay(100))
                    Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), $"Member {i}: {await members[i].TotalsAsync(node.Http)} instead of {totals[i]}.\n{node.Log}");
                // Again, by one who is in already.
                Assert.Equal(HttpStatusCode.Conflict, (await members[i].RegisterAsync(node.Http)).Status);
            }
            await Task.Delay(3000);

            for (var i = 0; i < 6; i++)
            {
                Assert.Equal(totals[i], await members[i].TotalsAsync(node.Http));
                var (_, user) = await node.Http.GetJsonAsync($"/user/{members[i].UserId}");
                Assert.Equal((double)totals[i].Uploaded / totals[i].Downloaded, (double)user["ratio"]!, 9);
            }
            Assert.Equal(6, await ImportedAsync(database));
            Assert.Contains("Insufficient ratio: 0.1", await AnnounceAsync(node, members[0]), StringComparison.Ordinal);
            Assert.DoesNotContain("failure", await AnnounceAsync(node, members[1]), StringComparison.Ordinal);

            foreach (var stranger in (Member[])[unproven, foreign])
            {
                Assert.Equal((0L, 0L), await stranger.TotalsAsync(node.Http));
                Assert.Equal(1.0, (double)(await node.Http.GetJsonAsync($"/user/{stranger.UserId}")).Answer["ratio"]!);
            }

            // What is earned here comes on top, there too; what strangers' names hold on the chain stays as it was.
            await ReportAsync(node, members[1], members[2], "new", 5);
            Assert.Equal((totals[1].Uploaded + 5000, totals[1].Downloaded), await members[1].TotalsAsync(node.Http));
            await OnChainAsync(anvil, contract, members[1], (totals[1].Uploaded + 5000, totals[1].Downloaded), node);
            await OnChainAsync(anvil, contract, members[2], (totals[2].Uploaded, totals[2].Downloaded + 5000), node);
            foreach (var i in (int[])[0, 3, 4, 5, 6, 7]) await OnChainAsync(anvil, contract, members[i], totals[i], node);
        }
    }

    /// <summary>Members in a ring earn and pay by receipts; when all of it is on the chain the tracker is killed and its database deleted.</summary>
    private async Task<(Member[] Members, (long Uploaded, long Downloaded)[] Totals, EthereumAddress Contract)> RunFirstTrackerAsync(
        AnvilNode anvil, (string Name, string Value)[] environment)
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database, environment);
        var (status, init) = await node.Http.PostAsync("/contract/init", new JsonObject());
        Assert.True(status == HttpStatusCode.OK, init.ToJsonString());
        Assert.True(EthereumAddress.TryParse((string?)init["reputation_address"], out var contract));
        var members = new Member[Members];
        for (var i = 0; i < Members; i++) members[i] = await Member.RegisteredAsync(node.Http, $"member{i}");
        for (var i = 0; i < Members; i++) await ReportAsync(node, members[i], members[(i + 1) % Members], "old", i + 1);
        var totals = members.Select((_, i) => (Uploaded: (i + 1) * 1000L, Downloaded: i == 0 ? Members * 1000L : i * 1000L)).ToArray();
        for (var i = 0; i < Members; i++) await OnChainAsync(anvil, contract, members[i], totals[i], node);
        await node.KillAsync();
        await postgres.DropDatabaseAsync(database);
        return (members, totals, contract);
    }

    private static async Task ReportAsync(NodeProcess node, Member sender, Member receiver, string piece, int count)
    {
        var (status, answer) = await sender.ReportAsync(node.Http, Enumerable.Range(0, count).Select(n => receiver.Receipt(sender, $"{piece} {n}", (uint)n)));
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        Assert.All(answer.Statuses(), result => Assert.Equal("accepted", result));
    }

    private static async Task OnChainAsync(AnvilNode anvil, EthereumAddress contract, Member member, (long Uploaded, long Downloaded) totals, NodeProcess node)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            var user = await anvil.UserAsync(contract, member.UserId);
            if (user is not null && (user.Uploaded, user.Downloaded) == (totals.Uploaded, totals.Downloaded))
            {
                Assert.Equal(member.Key.ToArray(), user.PublicKey);
                return;
            }
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), $"{member.UserId} on the chain: {user} instead of {totals}.\n{node.Log}");
        }
    }

    private static Task<string> AnnounceAsync(NodeProcess node, Member member) => node.Http.GetStringAsync(
        $"/announce?info_hash={Torrent}&peer_id={new string('p', 20)}&port=1000&left=1&user_id={member.UserId}&signature="
        + Uri.EscapeDataString(member.Sign(AnnounceMessage.Build(member.UserId, InfoHash.From(Encoding.ASCII.GetBytes(Torrent)), ""))));

    /// <summary>Until the cluster has voted the killed process out, calls may be answered with 503.</summary>
    private static async Task ReadyAsync(NodeProcess node)
    {
        for (var i = 0; i < 60 && (await node.Http.GetAsync("/contract/status")).StatusCode == HttpStatusCode.ServiceUnavailable; i++) await Task.Delay(1000);
    }

    private static async Task<long> ImportedAsync(string database)
    {
        await using var source = NpgsqlDataSource.Create(database + ";Pooling=false");
        await using var count = source.CreateCommand("SELECT count(*) FROM chain_import WHERE imported");
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
