using System.Net;
using System.Text.Json.Nodes;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Members;

/// <summary>How far members are trusted: by how they came, by who invited them, and by what the operator says.</summary>
public sealed class TrustTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const string Token = "an-administration-token-for-tests";
    private const long Initial = 1_000_000;
    private static readonly (string, string) Administrator = ("Authorization", "Bearer " + Token);

    [Fact]
    public async Task The_operators_word_moves_the_limit_and_the_gate_between_what_was_given_and_what_the_ratio_lets()
    {
        await using var node = await StartAsync();
        var (alice, bob) = (await Member.RegisteredAsync(node.Http, "alice"), await Member.RegisteredAsync(node.Http, "bob"));
        await CreditAsync(node, alice, bob, 1_000_000);
        await CreditAsync(node, bob, alice, 1_000_000);
        await CreditAsync(node, alice, bob, 1_400_000);
        // Alice has given 1.4 million: untrusted she may take 2.4, by her ratio 2.8.
        Assert.Equal(2_400_000, await LimitAsync(node, alice));
        foreach (var (trust, limit) in ((string, long)[])[("1", 2_800_000), ("0.5", 2_600_000), ("0", 2_400_000), ("0.25", 2_500_000), ("null", 2_400_000)])
        {
            var (status, answer) = await SetAsync(node, alice, $$"""{"trust":{{trust}}}""");
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Equal((alice.UserId, "open", trust), ((string)answer["user_id"]!, (string)answer["origin"]!, answer["trust"]?.ToJsonString() ?? "null"));
            Assert.Equal(limit, await LimitAsync(node, alice));
        }

        // What announces know of her is made anew, so the gate goes with it.
        await CreditAsync(node, bob, alice, 1_400_000, "more");
        Assert.Contains("Insufficient credit: owes", await AnnounceAsync(node, alice), StringComparison.Ordinal);
        await SetAsync(node, alice, """{"trust":1}""");
        Assert.DoesNotContain("Insufficient", await AnnounceAsync(node, alice), StringComparison.Ordinal);
        await SetAsync(node, alice, """{"trust":null}""");
        Assert.Contains("Insufficient credit: owes", await AnnounceAsync(node, alice), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_administration_sets_it_and_what_makes_no_sense_is_named()
    {
        await using var node = await StartAsync();
        var alice = await Member.RegisteredAsync(node.Http, "alice");
        foreach (var path in (string[])["trust", "invites"])
        {
            var (status, _) = await node.Http.CallAsync(HttpMethod.Put, $"/user/{alice.UserId}/{path}", JsonClient.Json($$"""{"{{path}}":1}"""), ("X-Passkey", alice.Passkey));
            Assert.Equal(HttpStatusCode.Unauthorized, status);
        }

        foreach (var (body, expected) in ((string, string)[])[
            ("{}", "trust is missing"), ("""{"trust":1.01}""", "trust must be a number from 0 to 1"), ("""{"trust":-0.1}""", "trust must be"), ("""{"trust":"1"}""", "trust must be"), ("""{"trust":1e999}""", "trust must be")])
        {
            var (status, answer) = await SetAsync(node, alice, body);
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains(expected, (string)answer["error"]!, StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await node.Http.CallAsync(HttpMethod.Put, "/user/nobody/trust", JsonClient.Json("""{"trust":1}"""), Administrator)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await node.Http.CallAsync(HttpMethod.Put, $"/user/{alice.UserId}/invites", JsonClient.Json("""{"invites":1.5}"""), Administrator)).Status);
    }

    [Fact]
    public async Task An_invite_hands_on_no_more_trust_than_its_maker_has()
    {
        await using var node = await StartAsync();
        var alice = await Member.RegisteredAsync(node.Http, "alice");
        Assert.Equal(HttpStatusCode.OK, (await node.Http.CallAsync(HttpMethod.Put, $"/user/{alice.UserId}/invites", JsonClient.Json("""{"invites":4}"""), Administrator)).Status);
        // The maker's trust, and the invited's.
        foreach (var (maker, expected) in ((string?, string)[])[(null, "0"), ("0.5", "0.5"), ("1", "null")])
        {
            if (maker is not null)
                await SetAsync(node, alice, $$"""{"trust":{{maker}}}""");
            var (_, invite) = await InviteTests.MakeAsync(node, uses: 1, ("X-Passkey", alice.Passkey));
            Assert.Equal(("invite", expected), await ComeAsync(node, invite));
        }

        // Whom the administration invites is trusted as the invited are.
        var (_, official) = await InviteTests.MakeAsync(node, uses: 1, Administrator);
        Assert.Equal(("invite", "null"), await ComeAsync(node, official));
    }

    private static async Task<(string Origin, string Trust)> ComeAsync(NodeProcess node, string invite)
    {
        var guest = new Member("guest");
        Assert.Equal(HttpStatusCode.OK, (await guest.RegisterAsync(node.Http, invite: invite)).Status);
        // Setting another thing shows both.
        var (_, answer) = await node.Http.CallAsync(HttpMethod.Put, $"/user/{guest.UserId}/invites", JsonClient.Json("""{"invites":0}"""), Administrator);
        return ((string)answer["origin"]!, answer["trust"]?.ToJsonString() ?? "null");
    }

    private async Task<NodeProcess> StartAsync() => await NodeProcess.StartNodeAsync(
        await postgres.CreateDatabaseAsync(), ("PBTS_ADMIN_TOKEN", Token), ("INIT_CREDIT", $"{Initial}"), ("MIN_RATIO", "0.5"), ("Receipts__ReceiverSlack", "0"));

    private static Task<(HttpStatusCode Status, JsonObject Answer)> SetAsync(NodeProcess node, Member member, string body) =>
        node.Http.CallAsync(HttpMethod.Put, $"/user/{member.UserId}/trust", JsonClient.Json(body), Administrator);

    private static async Task<long> LimitAsync(NodeProcess node, Member member) => (long)(await node.Http.GetJsonAsync($"/user/{member.UserId}")).Answer["limit"]!;

    private static async Task CreditAsync(NodeProcess node, Member sender, Member receiver, long bytes, string session = "a")
    {
        var (_, answer) = await sender.ReportVouchersAsync(node.Http, await receiver.VoucherAsync(node.Http, sender, session, bytes));
        Assert.True((string)answer["voucher_results"]![0]!["status"]! == "accepted", answer.ToJsonString());
    }

    private static Task<string> AnnounceAsync(NodeProcess node, Member member) =>
        node.Http.GetStringAsync($"/announce/{member.Passkey}?info_hash={new string('a', 20)}&peer_id={new string('p', 20)}&port=1&left=1");
}
