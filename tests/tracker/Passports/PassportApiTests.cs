using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Pbts.Peer;
using Pbts.Protocol.Passports;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Chain;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Passports;

/// <summary>A member's way from a tracker to the next, by the interface, with no node in sight.</summary>
public sealed class PassportApiTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly (string, string)[] s_old = [("PK0", AnvilNode.FirstKey), ("RPC", "http://127.0.0.1:1")];
    private static readonly (string, string)[] s_new = [("RPC", "http://127.0.0.1:1"), ("INIT_CREDIT", "0"), ("Receipts__ReceiverSlack", "0")];

    [Fact]
    public async Task A_member_carries_what_it_gave_to_a_tracker_that_believes_the_old_one_and_nobody_else_can()
    {
        await using var old = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), s_old);
        await using var next = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), s_new);
        var identity = MemberIdentity.Generate();
        var (alice, bob) = (await Member.RegisteredAsync(old.Http, "alice", identity), await Member.RegisteredAsync(old.Http, "bob"));
        await alice.ReportVouchersAsync(old.Http, await bob.VoucherAsync(old.Http, alice, "s", 8 << 20));

        // By passkey and by signature; nobody else.
        var document = await GetPassportAsync(old, alice, HttpStatusCode.OK, ("X-Passkey", alice.Passkey));
        var passport = PassportJson.Read(Encoding.UTF8.GetBytes(document.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))).Passport!;
        Assert.Null(passport.Verify(Member.Now));
        Assert.Equal((alice.UserId, 8UL << 20, 0UL, alice.Key, null), (passport.UserId.ToString(), passport.Up, passport.Down, passport.PublicKey, passport.Proof));
        Assert.Equal(await old.Http.InstanceIdAsync(), passport.Instance.ToString());
        await GetPassportAsync(old, alice, HttpStatusCode.Unauthorized, ("X-Passkey", bob.Passkey));
        await GetPassportAsync(old, alice, HttpStatusCode.Unauthorized);
        foreach (var (signer, time, status) in ((Member, long, HttpStatusCode)[])[(alice, Member.Now, HttpStatusCode.OK), (bob, Member.Now, HttpStatusCode.Unauthorized), (alice, Member.Now - 400, HttpStatusCode.BadRequest)])
        {
            var signature = signer.Sign(PassportRequestMessage.Build(await old.Http.InstanceIdAsync(), alice.UserId, (ulong)time));
            Assert.Equal(status, (await old.Http.PostAsync($"/user/{alice.UserId}/passport", new JsonObject { ["time"] = time, ["signature"] = signature })).Status);
        }

        // There nobody believes anybody yet.
        var moved = new Member("alice", identity);
        var instance = await next.Http.InstanceIdAsync();
        var offer = TestIssuer.Offer(passport, alice, instance);
        var (registered, answer) = await next.Http.PostAsync("/register", new JsonObject
        {
            ["user_id"] = moved.UserId, ["public_key"] = moved.PublicKey, ["signature"] = moved.Sign(RegistrationMessage.Build(instance, moved.UserId)), ["passports"] = new JsonArray(offer.DeepClone()),
        });
        Assert.Equal(HttpStatusCode.OK, registered);
        Refused(answer["imports"]![0]!, "issuer");
        Assert.Contains("pbts issuer add", (string)answer["imports"]![0]!["reason"]!, StringComparison.Ordinal);
        var passkey = (string)answer["passkey"]!;
        var announcer = new Announcer(next);
        Assert.NotNull((await AnnounceAsync()).Failure);

        Assert.Equal(HttpStatusCode.OK, (await PutAsync(next, "old", new JsonObject { ["address"] = passport.Issuer.ToString(), ["instance"] = passport.Instance.ToString(), ["weight"] = 50, ["cap"] = 3 << 20 })).Status);
        // Whoever has stolen the file, has a signature for another tracker, or has changed it.
        var thief = await Member.RegisteredAsync(next.Http, "thief");
        Refused((await BringAsync(next, thief, thief.Passkey, offer))["results"]![0]!, "subject-key");
        Refused((await BringAsync(next, moved, passkey, TestIssuer.Offer(passport, thief, instance)))["results"]![0]!, "holder-signature");
        Refused((await BringAsync(next, moved, passkey, TestIssuer.Offer(passport, alice, new string('0', 64))))["results"]![0]!, "holder-signature");
        var forged = TestIssuer.Offer(passport with { Up = 1UL << 40 }, alice, instance);
        var stale = TestIssuer.Offer((passport with { Expires = Member.Now - 1 }).Sign(Key), alice, instance);
        var early = TestIssuer.Offer((passport with { Issued = Member.Now + 3600 }).Sign(Key), alice, instance);
        var other = new TestIssuer("another");
        var notListed = TestIssuer.Offer(other.Passport(alice.Key, "alice", 1, 1), alice, instance);
        var broken = new JsonObject { ["passport"] = new JsonObject { ["type"] = "pbts-passport" }, ["signature"] = offer["signature"]!.DeepClone() };

        // The good one among the bad.
        var results = (await BringAsync(next, moved, passkey, forged, stale, early, notListed, broken, (JsonObject)offer.DeepClone()))["results"]!.AsArray();
        foreach (var (result, step) in results.Zip(["issuer-signature", "expired", "not-yet-valid", "issuer", "format"]))
            Refused(result!, step);
        Assert.Equal(("imported", "old", 3L << 20), ((string)results[5]!["status"]!, (string)results[5]!["issuer"]!, (long)results[5]!["up"]!));
        Assert.Equal("unchanged", (string)(await BringAsync(next, moved, passkey, offer))["results"]![0]!["status"]!);

        Assert.Null((await AnnounceAsync()).Failure);
        var (_, user) = await next.Http.GetJsonAsync($"/user/{moved.UserId}");
        Assert.Equal((0L, 3L << 20, 3L << 20), ((long)user["total_uploaded"]!, (long)user["limit"]!, (long)user["may_download"]!));
        var brought = Assert.Single(user["imports"]!.AsArray())!;
        Assert.Equal(("old", "passport", 8L << 20, 50, 3L << 20), ((string)brought["issuer"]!, (string)brought["source"]!, (long)brought["up"]!, (int)brought["weight"]!, (long)brought["believed_up"]!));
        Assert.InRange((double)brought["as_of"]!, passport.Issued, passport.Issued);

        // A receiver may be debited for as much, and a front end hears within a second when it ends.
        var credited = await thief.ReportVouchersAsync(next.Http, await moved.VoucherAsync(next.Http, thief, "t", 64 << 20));
        Assert.Equal(3 << 20, (long)credited.Answer["voucher_results"]![0]!["credited"]!);
        Assert.Equal(HttpStatusCode.OK, (await next.Http.CallAsync(HttpMethod.Delete, "/issuers/old", null)).Status);
        await Wait.UntilAsync(async () => (await AnnounceAsync()).Failure is not null);
        Assert.Equal(0, (int)(await next.Http.GetJsonAsync($"/user/{moved.UserId}")).Answer["imports"]![0]!["weight"]!);

        Task<TrackerReply> AnnounceAsync() => announcer.GetAsync(Announcer.Target(Announcer.NewTorrent(), 1, 5, "&event=started", $"/announce/{passkey}"));
    }

    [Fact]
    public async Task Sixteen_passports_are_taken_and_a_tracker_without_a_key_says_that_it_signs_none()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), s_new);
        var alice = await Member.RegisteredAsync(node.Http, "alice");
        var (status, answer) = await node.Http.PostTextAsync($"/user/{alice.UserId}/passport", "", headers: ("X-Passkey", alice.Passkey));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "this tracker signs no passports: it has no chain key (its operator sets PK0)"), (status, (string)answer["error"]!));

        var instance = await node.Http.InstanceIdAsync();
        var issuers = Enumerable.Range(0, 17).Select(i => new TestIssuer($"issuer {i}")).ToArray();
        foreach (var (issuer, i) in issuers.Select((issuer, i) => (issuer, i)))
            Assert.Equal(HttpStatusCode.OK, (await PutAsync(node, $"issuer-{i}", new JsonObject { ["address"] = issuer.Address, ["weight"] = 100 })).Status);
        var offers = issuers.Select(issuer => TestIssuer.Offer(issuer.Passport(alice.Key, "älice", 1000, 1), alice, instance)).ToArray();
        (status, answer) = await node.Http.PostTextAsync($"/user/{alice.UserId}/imports", new JsonObject { ["passports"] = new JsonArray([.. offers.Select(offer => offer.DeepClone())]) }.ToJsonString(), headers: ("X-Passkey", alice.Passkey));
        Assert.Equal((HttpStatusCode.BadRequest, "passports has 17 elements: at most 16"), (status, (string)answer["error"]!));
        var results = (await BringAsync(node, alice, alice.Passkey, offers[..16]))["results"]!.AsArray();
        Assert.All(results, result => Assert.Equal("imported", (string)result!["status"]!));
        var (_, user) = await node.Http.GetJsonAsync($"/user/{alice.UserId}");
        Assert.Equal((16, 16_000L, 15_984L), (user["imports"]!.AsArray().Count, (long)user["limit"]!, (long)user["may_download"]!));
        Assert.Equal(HttpStatusCode.Unauthorized, (await node.Http.PostAsync($"/user/{alice.UserId}/imports", new JsonObject { ["passports"] = new JsonArray(offers[0].DeepClone()) })).Status);
    }

    [Fact]
    public async Task Where_totals_are_anchored_a_passport_rests_on_the_root_and_says_no_more_than_that()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), [.. await ContractApiTests.EnvironmentAsync(anvil), ("Chain__Confirmations", "1")]);
        var (alice, bob) = (await Member.RegisteredAsync(node.Http, "alice"), await Member.RegisteredAsync(node.Http, "bob"));
        await alice.ReportVouchersAsync(node.Http, await bob.VoucherAsync(node.Http, alice, "s", 8 << 20));
        Assert.Null((await PassportAsync(true)).Contract);
        var contract = (string)(await node.Http.PostAsync("/contract/init", new JsonObject())).Answer["reputation_address"]!;
        var (anchored, answer) = await node.Http.PostAsync("/contract/anchor", new JsonObject());
        Assert.True(anchored == HttpStatusCode.OK, answer.ToJsonString());
        await alice.ReportVouchersAsync(node.Http, await bob.VoucherAsync(node.Http, alice, "s", 9 << 20));
        await Wait.UntilAsync(async () => (await PassportAsync(true)).Proof is not null);
        var (rests, free) = (await PassportAsync(true), await PassportAsync(false));
        Assert.Equal((contract, 31337UL, 8UL << 20, 8UL << 20), (rests.Contract.ToString(), rests.ChainId, rests.Up, rests.Proof!.Up));
        Assert.Equal((contract, 9UL << 20, null), (free.Contract.ToString(), free.Up, free.Proof));
        // Another key than the one that was anchored.
        var next = await alice.RotateAsync(node.Http);
        Assert.Equal((next.Key, 9UL << 20, null), (await PassportAsync(true, next)) is var rotated ? (rotated.PublicKey, rotated.Up, rotated.Proof) : default);

        async Task<Passport> PassportAsync(bool proof, Member? member = null)
        {
            var (status, document) = await node.Http.PostTextAsync($"/user/{alice.UserId}/passport", new JsonObject { ["proof"] = proof }.ToJsonString(), headers: ("X-Passkey", (member ?? alice).Passkey));
            Assert.True(status == HttpStatusCode.OK, document.ToJsonString());
            var passport = PassportJson.Read(Encoding.UTF8.GetBytes(document.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))).Passport!;
            Assert.Null(passport.Verify(Member.Now));
            return passport;
        }
    }

    [Fact]
    public async Task Issuers_are_the_administrations_and_what_is_wrong_with_one_is_named()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), [.. s_new, ("PBTS_ADMIN_TOKEN", "let-me-administer")]);
        var issuer = new TestIssuer("one");
        Assert.Equal(HttpStatusCode.Unauthorized, (await node.Http.GetJsonAsync("/issuers")).Status);
        node.Http.DefaultRequestHeaders.Authorization = new("Bearer", "let-me-administer");
        Assert.Empty((await node.Http.GetJsonAsync("/issuers")).Answer["issuers"]!.AsArray());
        foreach (var (name, body, words) in ((string, JsonObject, string)[])
        [
            ("one", new() { ["weight"] = 1 }, "address is missing"), ("one", new() { ["address"] = issuer.Address }, "weight is missing"), ("one", new() { ["address"] = "0x12", ["weight"] = 1 }, "address must be an address"),
            ("one", new() { ["address"] = issuer.Address, ["weight"] = 101 }, "weight must be an integer from 0 to 100"), ("One", new() { ["address"] = issuer.Address, ["weight"] = 1 }, "name must be"),
            ("one", new() { ["contract"] = issuer.Address, ["weight"] = 1 }, "chain_id is missing"), ("one", new() { ["address"] = issuer.Address, ["weight"] = 1, ["instance"] = "ab" }, "instance must be 64"),
            ("one", new() { ["address"] = issuer.Address, ["weight"] = 1, ["chain_id"] = 1 }, "chain_id goes with contract"),
            ("one", new() { ["address"] = issuer.Address, ["weight"] = 1, ["valid_from"] = 5, ["valid_until"] = 5 }, "valid_until must be later"), ("one", new() { ["address"] = issuer.Address, ["weight"] = 1, ["cap"] = -1 }, "cap must be"),
        ])
        {
            var (status, answer) = await PutAsync(node, name, body);
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.StartsWith(words, (string)answer["error"]!, StringComparison.Ordinal);
        }

        var (conflict, said) = await PutAsync(node, "one", new() { ["contract"] = issuer.Address, ["chain_id"] = 31337, ["weight"] = 1 });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, conflict);
        Assert.StartsWith("address is missing, and the node does not say who owns the contract", (string)said["error"]!, StringComparison.Ordinal);
        (conflict, said) = await PutAsync(node, "one", new() { ["address"] = issuer.Address, ["weight"] = 1, ["instance"] = (string)(await node.Http.GetJsonAsync("/config")).Answer["instance_id"]! });
        Assert.Equal((HttpStatusCode.Conflict, "instance is this tracker's own: what it says of its members is in their totals"), (conflict, (string)said["error"]!));

        await PutAsync(node, "one", new() { ["address"] = issuer.Address, ["weight"] = 70, ["cap"] = 1000, ["least_age_days"] = 3, ["valid_until"] = 4_000_000_000L });
        var (_, changed) = await PutAsync(node, "one", new() { ["weight"] = 10, ["cap"] = null });
        var one = changed["issuer"]!;
        Assert.Equal(("one", "signer", issuer.Address, 10, null, 3, 4e9), ((string)one["name"]!, (string)one["kind"]!, (string)one["address"]!, (int)one["weight"]!, (long?)one["cap"], (int)one["least_age_days"]!, (double)one["valid_until"]!));
        Assert.Equal(HttpStatusCode.OK, (await node.Http.CallAsync(HttpMethod.Delete, "/issuers/one", null)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await node.Http.CallAsync(HttpMethod.Delete, "/issuers/one", null)).Status);
        await Wait.UntilAsync(async () => (await node.Http.GetJsonAsync("/console/api/audit")).Answer.ToJsonString().Contains("DELETE /issuers/one", StringComparison.Ordinal));
    }

    private static Pbts.Protocol.Ethereum.EthereumPrivateKey Key { get; } = Pbts.Protocol.Ethereum.EthereumPrivateKey.TryParse(AnvilNode.FirstKey, out var key) ? key : throw new InvalidOperationException();

    private static async Task<JsonObject> GetPassportAsync(NodeProcess node, Member member, HttpStatusCode expected, params (string, string)[] headers)
    {
        var (status, answer) = await node.Http.PostTextAsync($"/user/{member.UserId}/passport", "", headers: headers);
        Assert.True(expected == status, answer.ToJsonString());
        return answer;
    }

    private static Task<(HttpStatusCode Status, JsonObject Answer)> PutAsync(NodeProcess node, string name, JsonObject body) =>
        node.Http.CallAsync(HttpMethod.Put, $"/issuers/{name}", JsonClient.Json(body.ToJsonString()));

    private static async Task<JsonObject> BringAsync(NodeProcess node, Member member, string passkey, params JsonObject[] offers)
    {
        var (status, answer) = await node.Http.PostTextAsync(
            $"/user/{member.UserId}/imports", new JsonObject { ["passports"] = new JsonArray([.. offers.Select(offer => offer.DeepClone())]) }.ToJsonString(), headers: ("X-Passkey", passkey));
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        return answer;
    }

    private static void Refused(JsonNode result, string step)
    {
        Assert.Equal(("refused", step), ((string)result["status"]!, (string?)result["step"]));
        Assert.NotEmpty((string)result["reason"]!);
    }
}
