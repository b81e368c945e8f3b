using System.Net;
using System.Text.Json.Nodes;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Policy;

/// <summary>Members of a site that moves here: they keep their passkeys, announce without a key, and prove one when they like.</summary>
public sealed class SiteMemberTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const string Passkey = "aZ09bY18cX27dW36eV45fU54gT63hS72";
    private const string Another = "ZZZZZZZZZZZZZZZZzzzzzzzzzzzzzzzz";

    [Fact]
    public async Task A_member_comes_with_its_passkey_announces_and_proves_a_key_later()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        var (carol, seed) = (new Member("carol"), await Member.RegisteredAsync(node.Http, "seed"));
        Assert.Equal(["created"], await SetAsync(node, Entry(carol.UserId, Passkey)));
        Assert.Equal(["set"], await SetAsync(node, Entry(carol.UserId, Passkey)));
        // What its client claims is counted, over any spelling of the path.
        await ClaimAsync(node, Passkey, 5000);
        await Wait.UntilAsync(async () => (long)(await node.Http.GetJsonAsync($"/user/{carol.UserId}")).Answer["claimed_uploaded"]! == 5000);
        Assert.False((bool)(await node.Http.GetJsonAsync($"/user/{carol.UserId}")).Answer["proof_of_possession"]!);

        // Nobody else takes the name, with a key or without, nor with another's passkey.
        foreach (var wrong in (string?[])[null, Another, seed.Passkey, Passkey.ToUpperInvariant(), Passkey[..31]])
            Assert.Equal(HttpStatusCode.Conflict, (await RegisterAsync(node, carol, new Member("x") { UserId = carol.UserId }, wrong)).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await node.Http.PostAsync("/register", new JsonObject { ["user_id"] = carol.UserId, ["public_key"] = new Member("x").PublicKey, ["passkey"] = Passkey })).Status);
        // A key that is another's is not taken either.
        Assert.Equal(HttpStatusCode.Conflict, (await RegisterAsync(node, carol, seed, Passkey)).Status);

        var (status, answer) = await RegisterAsync(node, carol, carol, Passkey);
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        Assert.Equal((Passkey, "site", true), ((string)answer["passkey"]!, (string)answer["origin"]!, (bool)answer["proof_of_possession"]!));
        Assert.Equal(5000, (long)(await node.Http.GetJsonAsync($"/user/{carol.UserId}")).Answer["claimed_uploaded"]!);
        Assert.Null(await FailureAsync(node, Passkey));
        // It is a member like others now: it signs and is debited, and the passkey binds no further key.
        var voucher = await carol.VoucherAsync(node.Http, seed, "s", 700);
        var (_, reported) = await seed.ReportVouchersAsync(node.Http, voucher);
        Assert.Equal("accepted", (string)reported["voucher_results"]![0]!["status"]!);
        Assert.Equal((0, 700), await carol.TotalsAsync(node.Http));
        Assert.Equal(HttpStatusCode.Conflict, (await RegisterAsync(node, carol, new Member("y") { UserId = carol.UserId }, Passkey)).Status);
    }

    [Fact]
    public async Task A_passkey_is_one_members_and_a_new_one_ends_the_one_before()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        Assert.Equal(["created", "passkey_taken", "unknown_user", "created"], await SetAsync(node, Entry("a", Passkey), Entry("b", Passkey), Entry("c", null), Entry("d", Another)));
        Assert.Equal(["passkey_taken"], await SetAsync(node, Entry("a", Another)));
        Assert.Null(await FailureAsync(node, Passkey));
        Assert.Equal(["set"], await SetAsync(node, Entry("a", "0123456789abcdefghijklmnopqrstuv")));
        await Wait.UntilAsync(async () => await FailureAsync(node, Passkey) == "unknown passkey");
        Assert.Null(await FailureAsync(node, "0123456789abcdefghijklmnopqrstuv"));
        // Free again, also within one call for a member of another name.
        Assert.Equal(["created", "set"], await SetAsync(node, Entry("b", Passkey), Entry("d", Another)));
        foreach (var wrong in (string[])["short", "0123456789abcdefghijklmnopqrst_v", "0123456789abcdefghijklmnopqrstuvw"])
        {
            var (status, answer) = await node.Http.CallAsync(HttpMethod.Put, "/api/v1/members", JsonClient.Json(new JsonObject { ["members"] = new JsonArray(Entry("e", wrong)) }.ToJsonString()));
            Assert.Equal((HttpStatusCode.BadRequest, "members[0].passkey must be 32 letters and digits"), (status, (string)answer["error"]!));
        }
    }

    [Fact]
    public async Task Many_calls_at_once_make_each_member_once()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        var members = Enumerable.Range(0, 400).Select(i => (Name: $"member{i}", Passkey: $"{i:D8}abcdefghijklmnopqrstuvwx")).ToArray();
        var verdicts = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => SetAsync(node, [.. members.OrderBy(_ => Random.Shared.Next()).Select(member => Entry(member.Name, member.Passkey))])));
        Assert.Equal(members.Length, verdicts.Sum(call => call.Count(verdict => verdict == "created")));
        Assert.Equal(7 * members.Length, verdicts.Sum(call => call.Count(verdict => verdict == "set")));
    }

    private static JsonObject Entry(string user, string? passkey)
    {
        var entry = new JsonObject { ["user_id"] = user };
        if (passkey is not null)
            entry["passkey"] = passkey;
        return entry;
    }

    private static async Task<string[]> SetAsync(NodeProcess node, params JsonObject[] members)
    {
        var body = new JsonObject { ["members"] = new JsonArray([.. members.Select(member => member.DeepClone())]) }.ToJsonString();
        var (status, answer) = await node.Http.CallAsync(HttpMethod.Put, "/api/v1/members", JsonClient.Json(body));
        Assert.True(status == HttpStatusCode.OK, $"{answer.ToJsonString()}\n{node.Log}");
        return [.. answer["results"]!.AsArray().Select(result => (string)result!["status"]!)];
    }

    private static async Task<(HttpStatusCode Status, JsonObject Answer)> RegisterAsync(NodeProcess node, Member member, Member key, string? passkey)
    {
        var body = new JsonObject
        {
            ["user_id"] = member.UserId, ["public_key"] = key.PublicKey,
            ["signature"] = key.Sign(RegistrationMessage.Build(await node.Http.InstanceIdAsync(), member.UserId)),
        };
        if (passkey is not null)
            body["passkey"] = passkey;
        return await node.Http.PostAsync("/register", body);
    }

    private static async Task<string?> FailureAsync(NodeProcess node, string passkey) =>
        (await new Announcer(node).GetAsync(Announcer.Target(Announcer.NewTorrent(), 1, 5, path: $"/announce/{passkey}"))).Failure;

    private static async Task ClaimAsync(NodeProcess node, string passkey, long bytes)
    {
        var (announcer, torrent) = (new Announcer(node), Announcer.NewTorrent());
        await announcer.AnnounceAsync(torrent, 2, left: 5);
        foreach (var (uploaded, path, more) in ((long, string, string)[])[(0, $"/announce/{passkey}", "&event=started"), (bytes, $"/{passkey}/announce", "")])
        {
            var target = Announcer.Target(torrent, 1, 5, more, path).Replace("uploaded=0", $"uploaded={uploaded}", StringComparison.Ordinal);
            Assert.Null((await announcer.GetAsync(target, from: IPAddress.Parse("127.0.0.2"))).Failure);
        }
    }
}
