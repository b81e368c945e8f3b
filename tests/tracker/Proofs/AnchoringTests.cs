using System.Numerics;
using System.Text;
using Pbts.Cli;
using Pbts.Cli.Commands;
using Pbts.Grains.Chain.Anchors;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Outbox;
using Pbts.Grains.Chain.Sync;
using Pbts.Hosting.Configuration;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Evidence;
using Pbts.Protocol.Proofs;
using Pbts.Tracker.Tests.Chain;
using Pbts.Tracker.Tests.Support;
using static Pbts.Tracker.Tests.Chain.MemberSyncTests;

namespace Pbts.Tracker.Tests.Proofs;

/// <summary>Roots of all members' totals in a contract on a real chain, and proofs against them.</summary>
public sealed class AnchoringTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Totals_of_one_moment_are_anchored_and_each_member_gets_a_proof_that_the_contract_bears_out()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (_, contract) = await rig.DeployAsync(account);
        // More than one chunk, and not a power of two.
        await AddMembersAsync(rig, 2500);
        await ExecuteAsync(rig, "INSERT INTO users (user_id, public_key, passkey, registered_at, uploaded) VALUES ('unproven', '', md5('unproven'), now(), 5)");
        await RoundAsync(rig, account, anvil);

        foreach (var i in (int[])[1, 2, 1024, 1025, 2048, 2049, 2500])
        {
            var proof = await ProveAsync(rig, $"member{i}");
            Assert.Equal(((ulong)(i * 1000), (ulong)(i * 10), 2500L, 1L, contract), (proof.Up, proof.Down, proof.Members, proof.Sequence, proof.Contract));
            Assert.Equal(12, proof.Path.Count);
            Assert.True((await AnchorCheck.RunAsync(anvil.Rpc, proof)).TryGet(out var found, out var error), error?.Text);
            Assert.Null(found.Fault);
            Assert.True(found.Finding!.IsKept);
        }
        Assert.Equal((2500UL * 2501 / 2 * 1000, 2500UL * 2501 / 2 * 10), ((await ProveAsync(rig, "member7")).Root.Up, (await ProveAsync(rig, "member7")).Root.Down));
        foreach (var (name, words) in ((string, string)[])[("unproven", "proved a key only after"), ("nobody", "User not found")])
        {
            Assert.False((await new ProofStore(rig.Database).ProveAsync(name)).TryGet(out _, out var problem));
            Assert.Contains(words, problem.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Nothing_is_anchored_twice_and_what_a_crash_interrupted_goes_on()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        await rig.DeployAsync(account);
        await AddMembersAsync(rig, 3);

        // Eight at once, as if there were eight activations.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Anchors(rig, account, anvil).RoundAsync(now: true)));
        await MinedAsync(rig, account);
        Assert.Equal(1, await rig.CountAsync("SELECT count(*) FROM chain_outbox WHERE kind = 'anchor'"));
        Assert.Equal(1, await SequenceAsync(anvil, rig));

        // The same totals cost nothing a second time.
        await RoundAsync(rig, account, anvil);
        await RoundAsync(rig, account, anvil);
        Assert.Equal(1, await SequenceAsync(anvil, rig));
        var first = await ProveAsync(rig, "member1");

        // On record, and the process dies before the transaction is handed in.
        await ExecuteAsync(rig, "UPDATE users SET uploaded = uploaded + 1 WHERE user_id = 'member2'");
        await Assert.ThrowsAsync<InvalidOperationException>(() => Anchors(rig, account, anvil, new Broken()).RoundAsync(now: true));
        Assert.Equal(0, await rig.CountAsync("SELECT count(*) FROM chain_outbox WHERE kind = 'anchor' AND state = 'queued'"));
        // Meanwhile proofs are of the root before.
        Assert.Equal(first.Root, (await ProveAsync(rig, "member1")).Root);
        await ExecuteAsync(rig, "UPDATE users SET uploaded = uploaded + 1 WHERE user_id = 'member3'");
        await RoundAsync(rig, account, anvil);
        Assert.Equal(2, await SequenceAsync(anvil, rig));
        // Of the moment it was taken, not of that when it was handed in.
        Assert.Equal((2001UL, 3000UL), ((await ProveAsync(rig, "member2")).Up, (await ProveAsync(rig, "member3")).Up));
        Assert.Equal(1, await rig.CountAsync("SELECT count(DISTINCT anchor) FROM anchor_leaves"));

        await RoundAsync(rig, account, anvil);
        Assert.Equal((3L, 3001UL), (await SequenceAsync(anvil, rig), (await ProveAsync(rig, "member3")).Up));
        Assert.Equal(3, await rig.CountAsync("SELECT count(*) FROM anchors WHERE settled"));
        // The proof of before holds still, and says that it is older.
        Assert.True((await AnchorCheck.RunAsync(anvil.Rpc, first)).TryGet(out var found, out _));
        Assert.Null(found.Fault);
    }

    [Fact]
    public async Task An_anchor_that_the_contract_refuses_is_forgotten_and_taken_anew()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (_, contract) = await rig.DeployAsync(account);
        await AddMembersAsync(rig, 3);
        // Another program with the same key was faster.
        Assert.Null(await Anchors(rig, account, anvil, new Nobody()).RoundAsync(now: true));
        await rig.DecideAsync(account, await ChainRig.SubmitAsync(account, "anchor", contract, ReputationV4Abi.Anchor.EncodeCall(new byte[32].Select(_ => (byte)7).ToArray(), (BigInteger)1, (BigInteger)1, (BigInteger)1, (BigInteger)1)));
        Assert.Null(await Anchors(rig, account, anvil).RoundAsync(now: true));
        await MinedAsync(rig, account);
        await RoundAsync(rig, account, anvil);
        Assert.Equal(2, await SequenceAsync(anvil, rig));
        Assert.Equal(2, (await ProveAsync(rig, "member1")).Sequence);
    }

    [Fact]
    public async Task The_interval_the_budget_and_the_setting_decide_what_is_written()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (_, contract) = await rig.DeployAsync(account);
        await AddMembersAsync(rig, 3);
        Assert.Null(await Anchors(rig, account, anvil, configure: o => o.Sync = "members").RoundAsync(now: false));
        Assert.Equal(0, await rig.CountAsync("SELECT count(*) FROM anchors"));

        var hourly = Anchors(rig, account, anvil);
        Assert.Null(await hourly.RoundAsync(now: false));
        await MinedAsync(rig, account);
        await ExecuteAsync(rig, "UPDATE users SET uploaded = uploaded + 1");
        Assert.Null(await hourly.RoundAsync(now: false));
        Assert.Equal(1, await rig.CountAsync("SELECT count(*) FROM anchors"));
        await ExecuteAsync(rig, "UPDATE anchors SET checked_at = now() - interval '61 minutes'");
        await ExecuteAsync(rig, "INSERT INTO chain_sync_gas (outbox_id, gas) VALUES (gen_random_uuid(), 19950000)");
        Assert.Contains("Chain:SyncGasPerDay", (await hourly.RoundAsync(now: false))!.Text, StringComparison.Ordinal);
        Assert.NotNull((await new SyncBudget(rig.Database).ReadAsync()).PausedSince);
        await ExecuteAsync(rig, "UPDATE chain_sync_gas SET at = at - interval '25 hours'");
        Assert.Null(await hourly.RoundAsync(now: false));
        await MinedAsync(rig, account);
        Assert.Equal(2, await SequenceAsync(anvil, rig));
        Assert.Null((await new SyncBudget(rig.Database).ReadAsync()).PausedSince);
        // Each anchor within the bound, whatever the number of members.
        Assert.InRange(await rig.CountAsync("SELECT max(gas_used) FROM chain_outbox WHERE kind = 'anchor'"), 30_000, 60_000);

        // A contract that keeps roots is not told members' totals, unless the setting says both.
        var sync = Sync(rig, account, anvil, 1, o => o.Sync = "anchor");
        await MemberSyncTests.RoundAsync(rig, sync, account);
        Assert.Null(await anvil.UserAsync(contract, "member1"));
        await MemberSyncTests.RoundAsync(rig, Sync(rig, account, anvil, 1, o => o.Sync = "both"), account);
        Assert.NotNull(await anvil.UserAsync(contract, "member1"));
    }

    [Fact]
    public async Task A_key_that_was_replaced_since_is_proved_as_it_was()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        await rig.DeployAsync(account);
        await AddMembersAsync(rig, 3);
        await RoundAsync(rig, account, anvil);
        var before = await ProveAsync(rig, "member2");
        await ExecuteAsync(rig, "UPDATE users SET key = sha256('new') || substr(sha256('key'), 1, 16) WHERE user_id = 'member2'");
        Assert.Equal(before.PublicKey, (await ProveAsync(rig, "member2")).PublicKey);
        await RoundAsync(rig, account, anvil);
        var after = await ProveAsync(rig, "member2");
        Assert.NotEqual(before.PublicKey, after.PublicKey);
        Assert.Equal(before.Salt.ToArray(), after.Salt.ToArray());
    }

    [Fact]
    public async Task A_balance_changed_in_the_database_is_refused_and_the_audit_names_the_member()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        await rig.DeployAsync(account);
        await AddMembersAsync(rig, 1500);
        await ExecuteAsync(rig, "INSERT INTO imported_totals (member, origin, uploaded, downloaded) SELECT id, 'earlier', uploaded, downloaded FROM users");
        await RoundAsync(rig, account, anvil);
        Assert.Equal(ExitCodes.Success, (await AuditAsync(rig)).Code);

        // The member's own total: what it says it has then is not what was anchored.
        var proof = await ProveAsync(rig, "member40");
        await ExecuteAsync(rig, "UPDATE users SET uploaded = uploaded + 1000000 WHERE user_id = 'member40'");
        Assert.Equal(ProofStep.Root, (proof with { Up = proof.Up + 1_000_000 }).Verify()!.Step);
        var (code, said) = await AuditAsync(rig);
        Assert.Equal(ExitCodes.Refused, code);
        Assert.Contains($"member40: {EvidenceFaultCodes.WrongTotal}", said, StringComparison.Ordinal);
        await ExecuteAsync(rig, "UPDATE users SET uploaded = 39999 WHERE user_id = 'member40'");
        Assert.Contains($"member40: {EvidenceFaultCodes.AnchoredTotal}", (await AuditAsync(rig)).Said, StringComparison.Ordinal);
        await ExecuteAsync(rig, "UPDATE users SET uploaded = 40000 WHERE user_id = 'member40'");
        Assert.Equal(ExitCodes.Success, (await AuditAsync(rig)).Code);

        // The leaf: nobody gets a proof from it, and the audit says whose more was anchored than there is.
        await ExecuteAsync(rig, "UPDATE anchor_leaves SET leaves = set_byte(leaves, 56 * 39 + 43, 1) WHERE chunk = 0");
        Assert.False((await new ProofStore(rig.Database).ProveAsync("member40")).TryGet(out _, out var problem));
        Assert.Contains("do not lead to the root", problem.Text, StringComparison.Ordinal);
        (code, said) = await AuditAsync(rig);
        Assert.Equal(ExitCodes.Refused, code);
        Assert.Contains($"member40: {EvidenceFaultCodes.AnchoredTotal}", said, StringComparison.Ordinal);
        Assert.Contains($"root 1: {EvidenceFaultCodes.WrongRoot}: leaves were changed, in pieces 0 ", said, StringComparison.Ordinal);
        // And with the node above it.
        await ExecuteAsync(rig, "UPDATE anchor_leaves SET node = set_byte(node, 5, get_byte(node, 5) # 1) WHERE chunk = 1");
        Assert.Contains("do not lead to the root of 1500 members", (await AuditAsync(rig)).Said, StringComparison.Ordinal);
        // A leaf of somebody else.
        await ExecuteAsync(rig, "UPDATE users SET proof_salt = uuid_send(gen_random_uuid()) WHERE user_id = 'member1400'");
        Assert.Contains($"member1400: {EvidenceFaultCodes.WrongLeaf}", (await AuditAsync(rig)).Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_byte_of_a_proof_counts_when_the_chain_is_asked()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        await rig.DeployAsync(account);
        await AddMembersAsync(rig, 5);
        await RoundAsync(rig, account, anvil);
        var document = MemberProofJson.Write(await ProveAsync(rig, "member3"));
        var steps = new HashSet<ProofStep>();
        for (var (at, bit) = (0, 0); at < document.Length; (at, bit) = bit < 7 ? (at, bit + 1) : (at + 1, 0))
        {
            var flipped = (byte[])document.Clone();
            flipped[at] ^= (byte)(1 << bit);
            var (proof, fault) = MemberProofJson.Read(flipped);
            fault ??= proof!.Verify();
            if (fault is null)
            {
                Assert.True((await AnchorCheck.RunAsync(anvil.Rpc, proof!)).TryGet(out var found, out var error), error?.Text);
                fault = found.Fault;
            }
            Assert.True(fault is not null, $"byte {at}: {Encoding.UTF8.GetString(flipped, Math.Max(0, at - 30), 31)}");
            steps.Add(fault.Step);
        }
        Assert.Superset(new HashSet<ProofStep> { ProofStep.Format, ProofStep.Path, ProofStep.Root, ProofStep.Totals, ProofStep.Chain, ProofStep.Transaction, ProofStep.Anchor }, steps);
    }

    [Fact]
    public async Task A_contract_keeps_its_last_24_roots()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        await rig.DeployAsync(account);
        await AddMembersAsync(rig, 2);
        var proofs = new List<MemberProof>();
        for (var i = 0; i < ReputationV4Abi.KeptRoots + 2; i++)
        {
            await ExecuteAsync(rig, "UPDATE users SET uploaded = uploaded + 1");
            await RoundAsync(rig, account, anvil);
            proofs.Add(await ProveAsync(rig, "member1"));
        }
        for (var i = 0; i < proofs.Count; i++)
        {
            Assert.True((await AnchorCheck.RunAsync(anvil.Rpc, proofs[i])).TryGet(out var found, out _));
            Assert.Null(found.Fault);
            Assert.Equal(i >= 2, found.Finding!.IsKept);
        }
    }

    /// <summary>Members with totals by their number.</summary>
    internal static Task AddMembersAsync(ChainRig rig, int count) => ExecuteAsync(rig, $"""
        INSERT INTO users (user_id, public_key, key, proven, passkey, registered_at, uploaded, downloaded)
        SELECT 'member' || i, encode(k, 'base64'), k, true, md5(i::text), now(), i * 1000, i * 10
        FROM (SELECT i, set_byte(sha256(i::text::bytea), 0, 130) || substr(sha256(('x' || i)::bytea), 1, 16) AS k FROM generate_series(1, {count}) AS i) AS made ORDER BY i
        """);

    internal static async Task<MemberProof> ProveAsync(ChainRig rig, string name)
    {
        Assert.True((await new ProofStore(rig.Database).ProveAsync(name)).TryGet(out var proof, out var problem), problem?.Text);
        return proof!;
    }

    internal static async Task RoundAsync(ChainRig rig, ChainAccount account, AnvilNode anvil)
    {
        Assert.Null(await Anchors(rig, account, anvil).RoundAsync(now: true));
        await MinedAsync(rig, account);
        await new AnchorStore(rig.Database).SettleAsync();
    }

    internal static Anchoring Anchors(ChainRig rig, ChainAccount account, AnvilNode anvil, IChainSubmitter? submitter = null, Action<ChainOptions>? configure = null) => new(
        new ReputationReader(anvil.Rpc), account.Address, ChainRig.Options(anvil.Url, configure), new(rig.Database), new SyncBudget(rig.Database), rig.Contracts, submitter ?? new Submitter(account));

    private static async Task<long> SequenceAsync(AnvilNode anvil, ChainRig rig)
    {
        var contract = (await rig.Contracts.ReadActiveAsync())!.Value;
        Assert.True((await new ReputationReader(anvil.Rpc).AnchorSequenceAsync(contract)).TryGet(out var sequence, out var problem), problem?.Text);
        return sequence;
    }

    private static async Task<(int Code, string Said)> AuditAsync(ChainRig rig)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await PbtsCommand.RunAsync(["audit", "--database", rig.Database.ConnectionString, "--json"], output, error);
        return (code, error.ToString().Replace("pbts: ", "", StringComparison.Ordinal));
    }

    private sealed class Broken : IChainSubmitter
    {
        public Task<Problem?> SubmitAsync(Pbts.GrainInterfaces.Chain.ChainSubmission submission) => throw new InvalidOperationException("The process dies.");

        public Task ResumeAsync() => Task.CompletedTask;
    }

    /// <summary>Says that it has taken what it has not.</summary>
    private sealed class Nobody : IChainSubmitter
    {
        public Task<Problem?> SubmitAsync(Pbts.GrainInterfaces.Chain.ChainSubmission submission) => Task.FromResult<Problem?>(null);

        public Task ResumeAsync() => Task.CompletedTask;
    }
}
