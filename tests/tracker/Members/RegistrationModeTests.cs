using System.Net;
using System.Text.Json.Nodes;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Members;

/// <summary><c>Members:Registration</c>: who becomes a member, and as what.</summary>
public sealed class RegistrationModeTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const string Token = "an-administration-token-for-tests";

    [Fact]
    public async Task Anybody_registers_on_an_open_tracker_and_the_origin_says_how()
    {
        await using var node = await StartAsync("open");
        Assert.Equal("open", await OriginAsync(node));
        Assert.Equal("site", await OriginAsync(node, administrator: Token));
        var (_, invite) = await InviteTests.MakeAsync(node, uses: 1, ("Authorization", "Bearer " + Token));
        Assert.Equal("invite", await OriginAsync(node, invite: invite));
        Assert.Equal("open", await OriginAsync(node, administrator: "not the token"));
    }

    [Fact]
    public async Task By_invite_nobody_comes_without_one_but_through_the_administration()
    {
        await using var node = await StartAsync("invite");
        var stranger = new Member("stranger");
        Assert.Contains("invite is missing", await RefusedAsync(node, stranger), StringComparison.Ordinal);
        Assert.Contains("invite is missing", await RefusedAsync(node, stranger, administrator: "not the token"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await node.Http.GetJsonAsync($"/user/{stranger.UserId}")).Status);
        Assert.Equal("site", await OriginAsync(node, administrator: Token));
    }

    [Fact]
    public async Task Without_a_token_the_trackers_own_user_registers_like_anybody()
    {
        // It administers, but it does not say that it does.
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Members__Registration", "invite"));
        Assert.Contains("invite is missing", await RefusedAsync(node, new Member("local")), StringComparison.Ordinal);
        Assert.Equal("site", await OriginAsync(node, administrator: "whatever"));

        await using var site = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Members__Registration", "site"));
        Assert.Equal("site", await OriginAsync(site));
        using var proxied = new HttpRequestMessage(HttpMethod.Post, "/register") { Content = JsonClient.Json(new JsonObject { ["user_id"] = "x", ["public_key"] = new Member("x").PublicKey }.ToJsonString()) };
        proxied.Headers.Add("X-Forwarded-For", "203.0.113.7");
        using var refused = await site.Http.SendAsync(proxied);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task On_a_sites_tracker_the_administration_registers_and_its_members_prove_their_keys_themselves()
    {
        await using var node = await StartAsync("site");
        var (_, invite) = await InviteTests.MakeAsync(node, uses: 1, ("Authorization", "Bearer " + Token));
        Assert.Contains("administration registers its members", await RefusedAsync(node, new Member("stranger")), StringComparison.Ordinal);
        Assert.Contains("administration registers its members", await RefusedAsync(node, new Member("guest"), invite), StringComparison.Ordinal);

        var alice = new Member("alice");
        var (status, answer) = await alice.RegisterAsync(node.Http, signed: false, administrator: Token);
        Assert.Equal((HttpStatusCode.OK, false, "site"), (status, (bool)answer["proof_of_possession"]!, (string)answer["origin"]!));
        (status, answer) = await alice.RegisterAsync(node.Http);
        Assert.Equal((HttpStatusCode.OK, true, "site"), (status, (bool)answer["proof_of_possession"]!, (string)answer["origin"]!));
    }

    [Theory]
    [InlineData("Members__Registration", "friends", "Members:Registration")]
    [InlineData("Members__Registration", "7", "Members:Registration is 7: it must be open, invite or site.")]
    [InlineData("Members__InvitesPerMember", "-1", "Members:InvitesPerMember is -1")]
    [InlineData("Members__InvitesPerMember", "10001", "Members:InvitesPerMember is 10001")]
    [InlineData("Torrents__Access", "some", "Torrents:Access")]
    [InlineData("Torrents__Access", "5", "Torrents:Access is 5: it must be open or registered.")]
    public async Task A_setting_that_makes_no_sense_is_named_at_start(string name, string value, string expected)
    {
        await using var node = NodeProcess.Launch("Pbts.Silo.dll", await postgres.CreateDatabaseAsync(), (name, value));
        await node.WaitForExitAsync();
        Assert.Contains(expected, node.Log, StringComparison.Ordinal);
    }

    private async Task<NodeProcess> StartAsync(string mode) =>
        await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("PBTS_ADMIN_TOKEN", Token), ("Members__Registration", mode));

    private static async Task<string> OriginAsync(NodeProcess node, string? invite = null, string? administrator = null)
    {
        var (status, answer) = await new Member("member").RegisterAsync(node.Http, invite: invite, administrator: administrator);
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        return (string)answer["origin"]!;
    }

    private static async Task<string> RefusedAsync(NodeProcess node, Member member, string? invite = null, string? administrator = null)
    {
        var (status, answer) = await member.RegisterAsync(node.Http, invite: invite, administrator: administrator);
        Assert.Equal(HttpStatusCode.Forbidden, status);
        return (string)answer["error"]!;
    }
}
