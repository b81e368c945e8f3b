using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain.Migrations;
using Pbts.Grains.Chain.Outbox;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>A migration finds its users in the events of every block, the first and the last of each range included.</summary>
public sealed class MigrationScanTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const int Users = 12;

    [Theory]
    [InlineData(1, 100)]
    [InlineData(3, 100)]
    [InlineData(5, 2)] // The node answers for two blocks at a time, so that ranges are halved.
    public async Task No_block_is_left_out_between_two_ranges(int range, int most)
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, old) = await rig.DeployAsync(account);
        // One user a block, in blocks that follow each other: whichever is left out is somebody's.
        for (var i = 0; i < Users; i++)
            Assert.True((await rig.DecideAsync(account, await ChainRig.SubmitAsync(account, "test", old, ChainRig.AddUser($"user{i}")))).IsDone);
        Assert.Equal(Users - 1, await rig.CountAsync("SELECT max(block_number) - min(block_number) FROM chain_outbox WHERE kind = 'test'"));
        Assert.Equal(Users, await rig.CountAsync("SELECT count(DISTINCT block_number) FROM chain_outbox WHERE kind = 'test'"));

        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, request, forward) =>
                method == "eth_getLogs" && Block(request, "toBlock") - Block(request, "fromBlock") >= most ? RpcProxy.Error(-32005, "query returned more than 10000 results") : await forward(),
        };
        var store = new MigrationStore(rig.Database);
        var connection = rig.Connect(proxy.Url);
        var submitter = new Submitter(account);
        var runner = new MigrationRunner(
            connection.Rpc!, connection.Reader!, account.Address, factory, range, store, rig.Outbox, rig.Contracts, submitter, MigrationRig.Anchors(rig, connection.Rpc!, account.Address, submitter));
        var id = Guid.NewGuid();
        Assert.True(await store.AddAsync(id, old, new MigrationRequest(old.ToString(), null, 100, false), MigrationPlan.ByRecords));
        MigrationView view;
        for (var waited = Stopwatch.StartNew(); !(view = (await store.ViewAsync(id))!).IsFinished; await account.PumpAsync())
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), view.ToString());
            while (await runner.StepAsync(id))
            {
            }
        }
        Assert.Equal((MigrationState.Completed, Users, Users), (view.State, view.Total, view.Migrated));
    }

    private static long Block(JsonNode request, string name) =>
        long.Parse(((string)request["params"]![0]![name]!)[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private sealed class Submitter(ChainAccount account) : IChainSubmitter
    {
        public Task<Problem?> SubmitAsync(ChainSubmission submission) => account.SubmitAsync(submission);

        public Task ResumeAsync() => Task.CompletedTask;
    }
}
