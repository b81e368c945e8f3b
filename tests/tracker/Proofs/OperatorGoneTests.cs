using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Passports;
using Pbts.Tracker.Tests.Chain;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Proofs;

/// <summary>A tracker is gone with its database and its operator; another operator takes its members, each once and by weight.</summary>
public sealed class OperatorGoneTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const int Weight = 60;

    [Fact]
    public async Task Members_of_a_tracker_that_is_gone_come_by_passport_and_by_claim_and_nobody_twice()
    {
        await using var anvil = await AnvilNode.StartAsync("--state", Path.Combine(Path.GetTempPath(), $"pbts-gone-{Guid.NewGuid():N}.json"));
        (string Name, string Value)[] chain = [.. await ContractApiTests.EnvironmentAsync(anvil), ("Chain__AnchorInterval", "00:00:00"), ("MIN_RATIO", "0.5"), ("INIT_CREDIT", "1000000000")];
        Member alice = new("alice"), bob = new("bob"), carol = new("carol"), dave = new("dave");
        var (issuer, contract, passports, proof) = await RunFirstTrackerAsync(anvil, chain, alice, bob, carol, dave);

        // Nothing of the first tracker is left but the chain, and that is away.
        await anvil.StopAsync();
        (string, string)[] second = [.. chain, ("PK0", AnvilNode.SecondKey), ("Issuers__Referrers", "false")];
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), second);
        var instance = await node.Http.InstanceIdAsync();

        // Nobody is believed by default.
        var offer = Offer(passports[0], alice, instance);
        var (status, answer) = await alice.RegisterAsync(node.Http, passports: new JsonArray(offer.DeepClone()));
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        Assert.Equal(("refused", "issuer"), Verdict(answer["imports"]!));
        (status, answer) = await node.Http.CallAsync(HttpMethod.Put, "/issuers/first", JsonClient.Json(new JsonObject
        {
            ["address"] = issuer, ["contract"] = contract, ["chain_id"] = 31337, ["weight"] = Weight,
        }.ToJsonString()));
        Assert.True(status == HttpStatusCode.OK || status == HttpStatusCode.Created, answer.ToJsonString());

        // By passport, with the node away.
        (status, answer) = await BringAsync(node, alice, offer);
        Assert.Equal("imported", Verdict(answer["results"]!).Status);
        Assert.Equal((6_000_000 * Weight / 100, 0), await BelievedAsync(node, alice));
        // The same again, and in the name of somebody else: nothing more.
        (_, answer) = await BringAsync(node, alice, offer);
        Assert.Equal("unchanged", Verdict(answer["results"]!).Status);
        await carol.RegisterAsync(node.Http);
        (_, answer) = await BringAsync(node, carol, Offer(passports[0], carol, instance));
        Assert.Equal(("refused", "subject-key"), Verdict(answer["results"]!));
        // Forged: more than was said, and signed by a key of one's own.
        Assert.True(EthereumPrivateKey.TryParse(AnvilNode.SecondKey, out var forger));
        var more = passports[2] with { Up = passports[2].Up + 1_000_000 };
        foreach (var forged in (Passport[])[more, (more with { Issuer = forger.Address }).Sign(forger)])
        {
            (_, answer) = await BringAsync(node, carol, Offer(forged, carol, instance));
            Assert.Equal("refused", Verdict(answer["results"]!).Status);
            Assert.Contains(Verdict(answer["results"]!).Step, (string[])["issuer-signature", "issuer"]);
        }
        Assert.Equal((0, 0), await BelievedAsync(node, carol));

        // The node is back: another comes by claim, against the root that the first tracker anchored.
        await anvil.RestartAsync();
        (status, answer) = await node.Http.PostAsync("/contract/init", new JsonObject { ["referrer_address"] = contract });
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        (status, answer) = await bob.RegisterAsync(node.Http, proof: JsonNode.Parse(proof)!);
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        Assert.True(answer["claim"] is not null, answer.ToJsonString());
        for (var waited = Stopwatch.StartNew(); await BelievedAsync(node, bob) == (0, 0); await Task.Delay(200))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), node.Log);
        Assert.Equal((2_000_000 * Weight / 100, 6_000_000 * Weight / 100), await BelievedAsync(node, bob));
        Assert.Equal(2_000_000, (long)(await anvil.UserAsync(Parse((string)(await node.Http.GetJsonAsync("/contract/status")).Answer["reputation_address"]!), bob.UserId))!.Uploaded);

        // Who came by claim brings a passport of the same tracker, and the other way round: nobody counts twice.
        (_, answer) = await BringAsync(node, bob, Offer(passports[1], bob, instance));
        Assert.NotEqual("imported", Verdict(answer["results"]!).Status);
        await PostAsync(node, alice, "proof", JsonNode.Parse(proof)!);
        await Task.Delay(3000);
        Assert.Equal((6_000_000 * Weight / 100, 0), await BelievedAsync(node, alice));
        Assert.Equal((2_000_000 * Weight / 100, 6_000_000 * Weight / 100), await BelievedAsync(node, bob));
        foreach (var member in (Member[])[alice, bob, carol])
            Assert.Equal((0L, 0L), await member.TotalsAsync(node.Http));
    }

    /// <summary>The first tracker's whole life: who gave what to whom, a root, passports, a proof; then it is killed.</summary>
    private async Task<(string Issuer, string Contract, Passport[] Passports, string Proof)> RunFirstTrackerAsync(
        AnvilNode anvil, (string, string)[] environment, Member alice, Member bob, Member carol, Member dave)
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), environment);
        foreach (var member in (Member[])[alice, bob, carol, dave])
            Assert.Equal(HttpStatusCode.OK, (await member.RegisterAsync(node.Http)).Status);
        var (_, init) = await node.Http.PostAsync("/contract/init", new JsonObject());
        var contract = (string)init["reputation_address"]!;
        await alice.ReportVouchersAsync(node.Http, await bob.VoucherAsync(node.Http, alice, "one", 6_000_000));
        await bob.ReportVouchersAsync(node.Http, await dave.VoucherAsync(node.Http, bob, "two", 2_000_000));
        await carol.ReportVouchersAsync(node.Http, await dave.VoucherAsync(node.Http, carol, "three", 500_000));
        Assert.Equal((2_000_000, 6_000_000), await bob.TotalsAsync(node.Http));
        var (status, anchor) = await node.Http.PostAsync("/contract/anchor", new JsonObject());
        Assert.True(status == HttpStatusCode.OK, anchor.ToJsonString());

        var passports = new List<Passport>();
        foreach (var member in (Member[])[alice, bob, carol])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/user/{member.UserId}/passport") { Headers = { { "X-Passkey", member.Passkey } } };
            using var response = await node.Http.SendAsync(request);
            var document = await response.Content.ReadAsByteArrayAsync();
            Assert.True(response.StatusCode == HttpStatusCode.OK, Encoding.UTF8.GetString(document));
            var (passport, fault) = PassportJson.Read(document);
            Assert.True(fault is null, fault?.ToString());
            Assert.Null(passport!.Verify(Member.Now));
            Assert.NotNull(passport.Proof);
            passports.Add(passport);
        }
        using var proved = new HttpRequestMessage(HttpMethod.Get, $"/user/{bob.UserId}/proof") { Headers = { { "X-Passkey", bob.Passkey } } };
        using var answer = await node.Http.SendAsync(proved);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var proof = await answer.Content.ReadAsStringAsync();
        await node.KillAsync();
        return (passports[0].Issuer.ToString(), contract, [.. passports], proof);
    }

    private static JsonObject Offer(Passport passport, Member holder, string instance) => new()
    {
        ["passport"] = JsonNode.Parse(PassportJson.Write(passport)), ["signature"] = holder.Sign(PassportMessage.Build(instance, passport)),
    };

    private static Task<(HttpStatusCode Status, JsonObject Answer)> BringAsync(NodeProcess node, Member member, JsonObject offer) =>
        PostAsync(node, member, "imports", new JsonObject { ["passports"] = new JsonArray(offer.DeepClone()) });

    private static Task<(HttpStatusCode Status, JsonObject Answer)> PostAsync(NodeProcess node, Member member, string what, JsonNode body) =>
        node.Http.PostTextAsync($"/user/{member.UserId}/{what}", body.ToJsonString(), headers: ("X-Passkey", member.Passkey!));

    private static (string Status, string? Step) Verdict(JsonNode results) => ((string)results[0]!["status"]!, (string?)results[0]!["step"]);

    /// <summary>What counts of what a member brought.</summary>
    private static async Task<(long Up, long Down)> BelievedAsync(NodeProcess node, Member member)
    {
        var (_, user) = await node.Http.GetJsonAsync($"/user/{member.UserId}");
        var imports = user["imports"]!.AsArray();
        return (imports.Sum(import => (long)import!["believed_up"]!), imports.Sum(import => (long)import!["believed_down"]!));
    }

    private static EthereumAddress Parse(string address) => EthereumAddress.TryParse(address, out var parsed) ? parsed : throw new FormatException(address);
}
