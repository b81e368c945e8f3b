using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain.Anchors;
using Pbts.Grains.Chain.Claims;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Outbox;
using Pbts.Hosting.Configuration;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Proofs;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>Members bring proofs of one tracker to another, whose contract names the first one's as its referrer.</summary>
public sealed class MemberClaimTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task A_member_is_taken_over_and_credited_once_whoever_asks_how_often_and_whatever_dies()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var first = await ChainRig.CreateAsync(postgres);
        await using var second = await ChainRig.CreateAsync(postgres);
        var (account, contract) = await PairAsync(anvil, first, second);
        await MemberSyncTests.AddMemberAsync(second, "member2", MemberSyncTests.Key(3), 10, 20);
        var proof = await ProveAsync(first, "member2");

        // Asked at once, in several silos, it is one claim; one dies before it hands it in, and others go on with it at once.
        var asked = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Claims(second, anvil, account).ClaimAsync("member2", proof)));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Claims(second, anvil, account, dies: true).RoundAsync());
        Assert.True((await Claims(second, anvil, account).ClaimAsync("member2", proof)).TryGet(out var noted, out _));
        Assert.All(asked, result => Assert.Equal(noted.OutboxId, result.TryGet(out var claim, out _) ? claim.OutboxId : Guid.Empty));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Claims(second, anvil, account).RoundAsync()));
        Assert.Equal((10, 20), await MemberSyncTests.LedgerAsync(second, "member2"));
        await MemberSyncTests.MinedAsync(second, account);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Claims(second, anvil, account).RoundAsync()));
        Assert.Null(await Claims(second, anvil, account).RoundAsync());

        Assert.Equal((1012, 522), await MemberSyncTests.LedgerAsync(second, "member2"));
        var user = await anvil.UserAsync(contract, "member2");
        Assert.Equal((1002, 502), MigrationAnchorTests.Totals(user));
        Assert.Equal(MemberSyncTests.Key(3), user!.PublicKey);
        Assert.Equal(1, await second.CountAsync("SELECT count(*) FROM chain_outbox WHERE kind = 'claim'"));

        // The sync has nothing to add, and the same proof, or a newer one, no more either.
        var sync = MemberSyncTests.Sync(second, account, anvil, 1);
        Assert.Null(await sync.ImportAsync());
        Assert.True((await Claims(second, anvil, account).ClaimAsync("member2", proof)).TryGet(out var again, out _));
        Assert.Equal(ClaimState.Credited, again.State);
        await MemberSyncTests.ExecuteAsync(first, "UPDATE users SET uploaded = uploaded + 7");
        await MigrationAnchorTests.AnchorAsync(first, anvil, first.Account(anvil.Url));
        Assert.True((await Claims(second, anvil, account).ClaimAsync("member2", await ProveAsync(first, "member2"))).TryGet(out again, out _));
        Assert.Equal((ClaimState.Credited, 1002), (again.State, again.Uploaded));
        Assert.Equal((1012, 522), await MemberSyncTests.LedgerAsync(second, "member2"));
    }

    [Fact]
    public async Task Forged_and_foreign_proofs_are_refused_with_the_step_that_does_not_hold()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var first = await ChainRig.CreateAsync(postgres);
        await using var second = await ChainRig.CreateAsync(postgres);
        var (account, _) = await PairAsync(anvil, first, second);
        await MemberSyncTests.AddMemberAsync(second, "member2", MemberSyncTests.Key(3), 0, 0);
        await MemberSyncTests.AddMemberAsync(second, "member3", MemberSyncTests.Key(77), 0, 0);
        var proof = MemberProofJson.Read(await ProveAsync(first, "member2")).Proof!;

        Assert.Equal("proof: root", await RefusalAsync("member2", proof with { Up = proof.Up + 1 }));
        Assert.Equal("proof: root", await RefusalAsync("member2", proof with { Down = proof.Down - 1 }));
        Assert.Equal("proof: root", await RefusalAsync("member2", proof with { Salt = new byte[16] }));
        Assert.Equal("proof: path", await RefusalAsync("member2", proof with { Index = proof.Index ^ 1 }));
        Assert.Equal("proof: totals", await RefusalAsync("member2", proof with { Root = new(proof.Root.ToHash(), proof.Root.Up + 1, proof.Root.Down) }));
        Assert.Equal("proof: anchor", await RefusalAsync("member2", proof with { Sequence = 2 }));
        Assert.Equal("proof: anchor", await RefusalAsync("member2", proof with { Contract = EthereumAddress.Zero }));
        Assert.Equal("proof: chain", await RefusalAsync("member2", proof with { ChainId = 1 }));
        Assert.Equal("proof: format", await RefusalAsync("member3", proof));
        Assert.Equal("proof: format", await RefusalAsync("member3", MemberProofJson.Read(await ProveAsync(first, "member3")).Proof!));
        Assert.Equal("No member of this name", await RefusalAsync("member4", proof));
        // A tree of one's own, whose root nobody anchored.
        var own = new MemberProof
        {
            UserId = "member2", PublicKey = proof.PublicKey, Up = ulong.MaxValue, Down = 0, Salt = proof.Salt, Index = 0, Path = [], Members = 1, Sequence = 1, Contract = proof.Contract,
            ChainId = proof.ChainId, Block = proof.Block, TxHash = proof.TxHash, Root = default,
        };
        Assert.Equal("proof: anchor", await RefusalAsync("member2", own with { Root = own.Leaf }));
        Assert.Equal(0, await second.CountAsync("SELECT count(*) FROM chain_claim"));

        // Once its root has left the contract, the true one too; up to then it holds.
        for (var i = 0; i < ReputationV4Abi.KeptRoots; i++)
        {
            await MemberSyncTests.ExecuteAsync(first, "UPDATE users SET uploaded = uploaded + 1");
            await MigrationAnchorTests.AnchorAsync(first, anvil, first.Account(anvil.Url));
        }
        Assert.Equal("proof: anchor", await RefusalAsync("member2", proof));
        Assert.Null((await Claims(second, anvil, account).ClaimAsync("member2", await ProveAsync(first, "member2"))).Problem);

        async Task<string> RefusalAsync(string userId, MemberProof forged)
        {
            var text = (await Claims(second, anvil, account).ClaimAsync(userId, MemberProofJson.Write(forged))).Problem!.Text;
            string[] known = ["proof: root", "proof: path", "proof: totals", "proof: anchor", "proof: chain", "proof: format", "No member of this name"];
            return known.FirstOrDefault(step => text.StartsWith(step, StringComparison.Ordinal)) ?? text;
        }
    }

    [Fact]
    public async Task The_own_root_is_no_news_to_the_tracker_that_anchored_it()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, old) = await MigrationAnchorTests.AnchoredAsync(rig, anvil, account);
        await rig.CreateReputationAsync(account, factory, old);
        var refused = (await Claims(rig, anvil, account).ClaimAsync("member2", await ProveAsync(rig, "member2"))).Problem!;
        Assert.Contains("this tracker's own", refused.Text, StringComparison.Ordinal);
        Assert.Equal(0, await rig.CountAsync("SELECT count(*) FROM chain_claim"));
    }

    [Fact]
    public async Task A_claim_waits_for_gas_and_one_made_by_hand_is_credited_as_a_record()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var first = await ChainRig.CreateAsync(postgres);
        await using var second = await ChainRig.CreateAsync(postgres);
        var (account, contract) = await PairAsync(anvil, first, second);
        for (var i = 2; i < 4; i++)
            await MemberSyncTests.AddMemberAsync(second, $"member{i}", MemberSyncTests.Key(i + 1), 10, 20);
        var sync = MemberSyncTests.Sync(second, account, anvil, 1);
        Assert.Null(await sync.ImportAsync());

        Assert.Null((await Claims(second, anvil, account).ClaimAsync("member2", await ProveAsync(first, "member2"))).Problem);
        await MemberSyncTests.ExecuteAsync(second, "INSERT INTO chain_sync_gas (outbox_id, gas) VALUES (gen_random_uuid(), 950000)");
        var poor = Claims(second, anvil, account, configure: o => o.SyncGasPerDay = 1_000_000);
        Assert.Equal(ProblemKind.Refused, (await poor.RoundAsync())!.Kind);
        Assert.Equal(0, await second.CountAsync("SELECT count(*) FROM chain_outbox WHERE kind = 'claim'"));
        Assert.Null(await Claims(second, anvil, account).RoundAsync());
        await MemberSyncTests.MinedAsync(second, account);
        Assert.Null(await Claims(second, anvil, account).RoundAsync());
        Assert.Equal((1012, 522), await MemberSyncTests.LedgerAsync(second, "member2"));

        // The first tracker ends, and a member claims by a transaction of its own before it brings the proof here.
        var document = await ProveAsync(first, "member3");
        var owner = first.Account(anvil.Url);
        Assert.True((await first.DecideAsync(owner, await ChainRig.SubmitAsync(owner, "test", MemberProofJson.Read(document).Proof!.Contract, ReputationV2Abi.Retire.EncodeCall(contract)))).IsDone);
        await MigrationAnchorTests.SendFromStrangerAsync(anvil, contract, ClaimCall.Encode(MemberProofJson.Read(document).Proof!));
        Assert.Null(await sync.ImportAsync());
        Assert.Equal((10, 20), await MemberSyncTests.LedgerAsync(second, "member3"));
        Assert.StartsWith("User exists", (await Claims(second, anvil, account).ClaimAsync("member3", document)).Problem!.Text, StringComparison.Ordinal);
        for (var round = 0; round < 2; round++)
            Assert.Null(await sync.ImportAsync());
        Assert.Equal((1013, 523), await MemberSyncTests.LedgerAsync(second, "member3"));
        Assert.Contains("brought in its totals", (await Claims(second, anvil, account).ClaimAsync("member3", document)).Problem!.Text, StringComparison.Ordinal);
    }

    /// <summary>Two trackers with keys of their own: the first has anchored, the second's contract is behind the first one's.</summary>
    private static async Task<(ChainAccount Second, EthereumAddress Contract)> PairAsync(AnvilNode anvil, ChainRig first, ChainRig second)
    {
        var (factory, old) = await MigrationAnchorTests.AnchoredAsync(first, anvil, first.Account(anvil.Url));
        var account = second.Account(anvil.Url, o => o.PrivateKey = AnvilNode.SecondKey);
        return (account, await second.CreateReputationAsync(account, factory, old));
    }

    private static async Task<byte[]> ProveAsync(ChainRig rig, string userId)
    {
        Assert.True((await new ProofStore(rig.Database).ProveAsync(userId)).TryGet(out var proof, out var problem), problem?.Text);
        return MemberProofJson.Write(proof);
    }

    private static MemberClaims Claims(ChainRig rig, AnvilNode anvil, ChainAccount account, bool dies = false, Action<ChainOptions>? configure = null) => new(
        anvil.Rpc, new ReputationReader(anvil.Rpc), account.Address, ChainRig.Options(anvil.Url, configure), new ClaimStore(rig.Database), new(rig.Database), new(rig.Database),
        rig.Contracts, rig.Outbox, new Submitter(account, dies));

    /// <summary>Hands in to the account at once, or dies on the way.</summary>
    private sealed class Submitter(ChainAccount account, bool dies) : IChainSubmitter
    {
        public Task<Problem?> SubmitAsync(ChainSubmission submission) => dies ? throw new InvalidOperationException("crash") : account.SubmitAsync(submission);

        public Task ResumeAsync() => Task.CompletedTask;
    }
}
