using System.Diagnostics;
using Nethereum.Hex.HexConvertors.Extensions;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain.Anchors;
using Pbts.Grains.Chain.Claims;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Migrations;
using Pbts.Grains.Chain.Outbox;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>A tracker moves by the root it anchored itself, against a real node.</summary>
public sealed class MigrationAnchorTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const int Members = 9;

    [Fact]
    public async Task Lazily_nobody_costs_a_transaction_the_last_root_has_all_and_nothing_comes_back_twice()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, old) = await AnchoredAsync(rig, anvil, account);
        await MemberSyncTests.ExecuteAsync(rig, "UPDATE users SET uploaded = uploaded + 5");

        var id = await StartAsync(rig, anvil, account, new(old.ToString(), null, 10, true));
        var view = await RunAsync(rig, anvil, account, factory, id);
        Assert.Equal((MigrationState.Completed, MigrationMethod.Anchor, MigrationClaims.Lazy), (view.State, view.Method, view.Claims));
        Assert.Equal((Members, 0, 0, null), (view.Total, view.Migrated, view.FailedCount, view.Problem));
        Assert.Equal(0, await rig.CountAsync("SELECT count(*) FROM chain_outbox WHERE kind = 'migration-batch'"));
        Assert.Equal(2, await rig.CountAsync("SELECT anchor_sequence FROM migration"));
        Assert.True(EthereumAddress.TryParse(view.ReputationAddress, out var contract));
        Assert.Equal(contract, await rig.Contracts.ReadActiveAsync());

        // Anybody may claim now, by a transaction of their own; to the ledger that is nothing new.
        Assert.True((await new ProofStore(rig.Database).ProveAsync("member3")).TryGet(out var proof, out var problem), problem?.Text);
        await SendFromStrangerAsync(anvil, contract, ClaimCall.Encode(proof));
        Assert.Equal((1008, 503), Totals(await anvil.UserAsync(contract, "member3")));
        var sync = MemberSyncTests.Sync(rig, account, anvil, 1);
        for (var round = 0; round < 2; round++)
            Assert.Null(await sync.ImportAsync());
        Assert.Equal((1008, 503), await MemberSyncTests.LedgerAsync(rig, "member3"));

        // The new contract's first root is the next.
        Assert.Null(await Anchoring(rig, anvil, account).RoundAsync(now: true));
        await MemberSyncTests.MinedAsync(rig, account);
        Assert.True((await new ReputationReader(anvil.Rpc).AnchorSequenceAsync(contract)).TryGet(out var sequence, out _));
        Assert.Equal(1, sequence);
    }

    [Fact]
    public async Task All_are_claimed_once_whatever_dies_and_their_totals_here_stay()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var (factory, old) = await AnchoredAsync(rig, anvil, rig.Account(anvil.Url));
        var id = await StartAsync(rig, anvil, rig.Account(anvil.Url), new(old.ToString(), null, 10, false, "anchor", "all"));
        MigrationView view;
        var crashes = 0;
        for (var waited = Stopwatch.StartNew(); !(view = (await new MigrationStore(rig.Database).ViewAsync(id))!).IsFinished; crashes++)
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(90), view.ToString());
            // Everything in memory is new each time; every second one dies between noting a claim and handing it in.
            var account = rig.Account(anvil.Url);
            try
            {
                await Runner(rig, anvil, account, factory, dies: crashes % 2 == 1).StepAsync(id);
            }
            catch (InvalidOperationException e) when (e.Message == "crash")
            {
            }
            await account.PumpAsync();
        }
        Assert.Equal((MigrationState.Completed, Members, Members, 0), (view.State, view.Total, view.Migrated, view.FailedCount));
        Assert.True(crashes > Members);
        Assert.Equal(Members, await rig.CountAsync("SELECT count(*) FROM chain_outbox WHERE kind = 'migration-batch'"));
        Assert.True(EthereumAddress.TryParse(view.ReputationAddress, out var contract));
        Assert.True((await anvil.Rpc.LogsAsync(contract, ReputationV2Abi.UserMigrated.Topic, 0, 100_000)).TryGet(out var logs, out _));
        Assert.Equal(Members, logs.Length);

        Assert.Null(await MemberSyncTests.Sync(rig, rig.Account(anvil.Url), anvil, 1).ImportAsync());
        for (var i = 0; i < Members; i++)
        {
            var user = await anvil.UserAsync(contract, $"member{i}");
            Assert.Equal((1000 + i, 500 + i), Totals(user));
            Assert.Equal(MemberSyncTests.Key(i + 1), user!.PublicKey);
            Assert.Equal((1000 + i, 500 + i), await MemberSyncTests.LedgerAsync(rig, $"member{i}"));
        }
    }

    [Fact]
    public async Task Named_members_are_claimed_and_who_is_in_no_root_is_told_of()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, old) = await AnchoredAsync(rig, anvil, account);
        var id = await StartAsync(rig, anvil, account, new(old.ToString(), ["member1", "nobody"], 10, false, "anchor", "all"));
        var view = await RunAsync(rig, anvil, account, factory, id);
        Assert.Equal((MigrationState.Completed, 2, 1), (view.State, view.Total, view.Migrated));
        Assert.Equal(new MigrationFailure("nobody", "User not found"), Assert.Single(view.Failed));
        Assert.Equal(1, await rig.CountAsync("SELECT count(*) FROM chain_outbox WHERE kind = 'migration-batch'"));
    }

    [Fact]
    public async Task What_cannot_be_done_with_a_referrer_is_refused_before_anything_is_sent()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        await using var other = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, old) = await AnchoredAsync(rig, anvil, account);
        var bare = await rig.CreateReputationAsync(account, factory, EthereumAddress.Zero);
        var stranger = other.Account(anvil.Url, o => o.PrivateKey = AnvilNode.SecondKey);

        Assert.Equal(MigrationPlan.ByRecords, await PlanAsync(rig, account, new(bare.ToString(), null, 10, false)));
        Assert.Equal(MigrationPlan.ByRecords, await PlanAsync(rig, account, new(old.ToString(), ["member1"], 10, false)));
        Assert.Equal(new MigrationPlan(MigrationMethod.Anchor, MigrationClaims.Lazy), await PlanAsync(other, stranger, new(old.ToString(), null, 10, false)));
        Assert.Equal("no root", await RefusalAsync(rig, account, new(bare.ToString(), null, 10, false, "anchor")));
        Assert.Equal("with the tracker that anchored it", await RefusalAsync(other, stranger, new(old.ToString(), null, 10, false, "anchor", "all")));
        // The key alone does not make the leaves.
        Assert.Equal("with the tracker that anchored it", await RefusalAsync(other, other.Account(anvil.Url), new(old.ToString(), null, 10, false, "anchor", "all")));
        Assert.Equal("users are named", await RefusalAsync(rig, account, new(old.ToString(), ["member1"], 10, false, "anchor", "lazy")));
        Assert.Equal("claims is for method anchor", await RefusalAsync(rig, account, new(old.ToString(), null, 10, false, "records", "all")));
        Assert.Equal("method must be", await RefusalAsync(rig, account, new(old.ToString(), null, 10, false, "magic")));
        Assert.Equal("claims must be", await RefusalAsync(rig, account, new(old.ToString(), null, 10, false, "anchor", "some")));

        async Task<MigrationPlan> PlanAsync(ChainRig at, ChainAccount by, MigrationRequest request)
        {
            Assert.True((await Anchors(at, anvil, by).PlanAsync(request, Parse(request.ReferrerAddress))).TryGet(out var plan, out var problem), problem?.Text);
            return plan;
        }

        async Task<string> RefusalAsync(ChainRig at, ChainAccount by, MigrationRequest request)
        {
            var problem = (await Anchors(at, anvil, by).PlanAsync(request, Parse(request.ReferrerAddress))).Problem!;
            string[] known = ["no root", "with the tracker that anchored it", "users are named", "claims is for method anchor", "method must be", "claims must be"];
            return known.FirstOrDefault(text => problem.Text.Contains(text, StringComparison.Ordinal)) ?? problem.Text;
        }
    }

    /// <summary>A tracker with members whose totals its contract has by a root.</summary>
    internal static async Task<(EthereumAddress Factory, EthereumAddress Contract)> AnchoredAsync(ChainRig rig, AnvilNode anvil, ChainAccount account, int members = Members)
    {
        var deployed = await rig.DeployAsync(account);
        for (var i = 0; i < members; i++)
            await MemberSyncTests.AddMemberAsync(rig, $"member{i}", MemberSyncTests.Key(i + 1), 1000 + i, 500 + i);
        await AnchorAsync(rig, anvil, account);
        return deployed;
    }

    internal static async Task AnchorAsync(ChainRig rig, AnvilNode anvil, ChainAccount account)
    {
        Assert.Null(await Anchoring(rig, anvil, account).RoundAsync(now: true));
        await MemberSyncTests.MinedAsync(rig, account);
        await new AnchorStore(rig.Database).SettleAsync();
    }

    internal static async Task SendFromStrangerAsync(AnvilNode anvil, EthereumAddress contract, byte[] call)
    {
        var accounts = (await anvil.CallAsync("eth_accounts"))!.AsArray();
        var hash = (string)(await anvil.CallAsync("eth_sendTransaction", new System.Text.Json.Nodes.JsonObject
        {
            ["from"] = (string)accounts[5]!, ["to"] = contract.ToString(), ["data"] = call.ToHex(prefix: true), ["gas"] = "0x100000",
        }))!;
        for (; ; await Task.Delay(20))
        {
            if (await anvil.CallAsync("eth_getTransactionReceipt", hash) is not { } receipt) continue;
            Assert.Equal("0x1", (string?)receipt["status"]);
            return;
        }
    }

    internal static (int Uploaded, int Downloaded) Totals(ReputationUser? user) => ((int)user!.Uploaded, (int)user.Downloaded);

    private static Anchoring Anchoring(ChainRig rig, AnvilNode anvil, ChainAccount account) => MigrationRig.Anchoring(rig, anvil.Rpc, account.Address, new Submitter(account, false));

    private static MigrationAnchors Anchors(ChainRig rig, AnvilNode anvil, ChainAccount account) => MigrationRig.Anchors(rig, anvil.Rpc, account.Address, new Submitter(account, false));

    private static MigrationRunner Runner(ChainRig rig, AnvilNode anvil, ChainAccount account, EthereumAddress factory, bool dies = false)
    {
        var submitter = new Submitter(account, dies);
        return new(
            anvil.Rpc, new ReputationReader(anvil.Rpc), account.Address, factory, 2000, new(rig.Database), rig.Outbox, rig.Contracts, submitter, MigrationRig.Anchors(rig, anvil.Rpc, account.Address, submitter));
    }

    private static async Task<Guid> StartAsync(ChainRig rig, AnvilNode anvil, ChainAccount account, MigrationRequest request)
    {
        var id = Guid.NewGuid();
        Assert.True((await Anchors(rig, anvil, account).PlanAsync(request, Parse(request.ReferrerAddress))).TryGet(out var plan, out var problem), problem?.Text);
        Assert.True(await new MigrationStore(rig.Database).AddAsync(id, Parse(request.ReferrerAddress), request, plan));
        return id;
    }

    private static async Task<MigrationView> RunAsync(ChainRig rig, AnvilNode anvil, ChainAccount account, EthereumAddress factory, Guid id)
    {
        var (store, runner) = (new MigrationStore(rig.Database), Runner(rig, anvil, account, factory));
        for (var waited = Stopwatch.StartNew(); ;)
        {
            while (await runner.StepAsync(id))
            {
            }
            await account.PumpAsync();
            var view = (await store.ViewAsync(id))!;
            if (view.IsFinished) return view;
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(90), view.ToString());
        }
    }

    private static EthereumAddress Parse(string text) => EthereumAddress.TryParse(text, out var address) ? address : throw new InvalidOperationException(text);

    /// <summary>Hands in to the account at once, or dies on the way.</summary>
    private sealed class Submitter(ChainAccount account, bool dies) : IChainSubmitter
    {
        public Task<Problem?> SubmitAsync(ChainSubmission submission) => dies ? throw new InvalidOperationException("crash") : account.SubmitAsync(submission);

        public Task ResumeAsync() => Task.CompletedTask;
    }
}
