using System.Text;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Members;

/// <summary>Who may announce, and the ratio gate.</summary>
public sealed class AccessTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly string Torrent = new('t', 20);

    private static Task<string> AnnounceAsync(NodeProcess node, string path, string parameters = "&left=1") =>
        node.Http.GetStringAsync($"{path}?info_hash={Torrent}&peer_id={new string('p', 20)}&port=1000{parameters}");

    private static string Signed(Member member, string announced, string torrent) =>
        Uri.EscapeDataString(member.Sign(AnnounceMessage.Build(member.UserId, InfoHash.From(Encoding.ASCII.GetBytes(torrent)), announced)));

    [Fact]
    public async Task Passkeys_and_signatures_let_members_in_and_nobody_else_when_registration_is_needed()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Tracker__Access", "Registered"));
        var alice = await Member.RegisteredAsync(node.Http, "alice");
        var bob = await Member.RegisteredAsync(node.Http, "bob");

        Assert.Contains("8:complete", await AnnounceAsync(node, $"/announce/{alice.Passkey}"), StringComparison.Ordinal);
        Assert.Contains("8:complete", await AnnounceAsync(node, $"/{alice.Passkey}/announce"), StringComparison.Ordinal);
        Assert.Contains("5:files", await node.Http.GetStringAsync($"/scrape/{alice.Passkey}?info_hash={Torrent}"), StringComparison.Ordinal);
        Assert.Contains("8:complete", await AnnounceAsync(node, "/announce", $"&left=1&event=started&user_id={alice.UserId}&signature={Signed(alice, "started", Torrent)}"), StringComparison.Ordinal);

        // A good signature is remembered, for that announce alone.
        var good = Signed(alice, "started", Torrent);
        Assert.Contains("8:complete", await AnnounceAsync(node, "/announce", $"&left=1&event=started&user_id={alice.UserId}&signature={good}"), StringComparison.Ordinal);
        foreach (var reused in new[]
        {
            $"&left=1&user_id={alice.UserId}", $"&left=1&event=stopped&user_id={alice.UserId}", $"&left=1&event=started&user_id={bob.UserId}",
        })
            Assert.Contains("signature is invalid", await AnnounceAsync(node, "/announce", $"{reused}&signature={good}"), StringComparison.Ordinal);
        Assert.Contains("signature is invalid", await node.Http.GetStringAsync(
            $"/announce?info_hash={new string('u', 20)}&peer_id={new string('p', 20)}&port=1000&left=1&event=started&user_id={alice.UserId}&signature={good}"), StringComparison.Ordinal);

        Assert.Contains("failure reason", await AnnounceAsync(node, "/announce"), StringComparison.Ordinal);
        Assert.Contains("unknown passkey", await AnnounceAsync(node, $"/announce/{new string('0', 32)}"), StringComparison.Ordinal);
        Assert.Contains("failure reason", await AnnounceAsync(node, "/announce", $"&left=1&user_id={alice.UserId}"), StringComparison.Ordinal);
        Assert.Contains("signature is invalid", await AnnounceAsync(node, "/announce", $"&left=1&user_id={alice.UserId}&signature={Signed(alice, "stopped", Torrent)}"), StringComparison.Ordinal);
        Assert.Contains("signature is invalid", await AnnounceAsync(node, "/announce", $"&left=1&user_id={alice.UserId}&signature={Signed(alice, "", new string('x', 20))}"), StringComparison.Ordinal);
        Assert.Contains("signature is invalid", await AnnounceAsync(node, "/announce", $"&left=1&user_id={alice.UserId}&signature={Signed(bob, "", Torrent)}"), StringComparison.Ordinal);
        Assert.Contains("signature is invalid", await AnnounceAsync(node, "/announce", $"&left=1&user_id={alice.UserId}&signature=AAAA"), StringComparison.Ordinal);
        Assert.Contains("failure reason", await node.Http.GetStringAsync($"/scrape?info_hash={Torrent}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_gate_closes_on_every_announce_that_wants_to_download_once_the_credit_is_used()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database, ("INIT_CREDIT", "5000"), ("MIN_RATIO", "0.75"));
        var (alice, bob) = (await Member.RegisteredAsync(node.Http, "alice"), await Member.RegisteredAsync(node.Http, "bob"));
        await bob.ReportAsync(node.Http, Enumerable.Range(0, 4).Select(i => alice.Receipt(bob, "piece", (uint)i)));
        Assert.Contains("8:complete", await AnnounceAsync(node, $"/announce/{alice.Passkey}"), StringComparison.Ordinal);

        // 6,000 bytes downloaded and 1,000 uploaded: beyond the credit, and 0.17 is below 0.75.
        await bob.ReportAsync(node.Http, alice.Receipt(bob, "piece", 4), alice.Receipt(bob, "piece", 5));
        await alice.ReportAsync(node.Http, bob.Receipt(alice, "back"));
        await using var second = await NodeProcess.StartApiAsync(database, ("INIT_CREDIT", "5000"), ("MIN_RATIO", "0.75"));
        foreach (var parameters in new[] { "&left=1", "&left=1&event=started", "", "&left=1&event=completed" })
            Assert.Contains("Insufficient ratio: 0.17 < 0.75", await AnnounceAsync(second, $"/announce/{alice.Passkey}", parameters), StringComparison.Ordinal);
        Assert.Contains("Insufficient ratio", await AnnounceAsync(second, "/announce", $"&left=1&user_id={alice.UserId}"), StringComparison.Ordinal);

        // Seeding and leaving stay possible, and others are not concerned.
        Assert.Contains("8:complete", await AnnounceAsync(second, $"/announce/{alice.Passkey}", "&left=0"), StringComparison.Ordinal);
        Assert.Contains("8:complete", await AnnounceAsync(second, $"/announce/{alice.Passkey}", "&left=1&event=stopped"), StringComparison.Ordinal);
        Assert.Contains("8:complete", await AnnounceAsync(second, $"/announce/{bob.Passkey}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Claimed_transfer_of_identified_announces_is_kept_apart_from_what_is_proven()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database);
        var alice = await Member.RegisteredAsync(node.Http, "alice");
        // Somebody to exchange pieces with: the claims of a lone peer are not believed.
        await node.Http.GetStringAsync($"/announce?info_hash={Torrent}&peer_id={new string('q', 20)}&port=2000&left=1");
        await AnnounceAsync(node, $"/announce/{alice.Passkey}", "&left=100&event=started&uploaded=0&downloaded=0");
        await Task.Delay(1500);
        await AnnounceAsync(node, $"/announce/{alice.Passkey}", "&left=50&uploaded=70&downloaded=50");
        // A bare user id is nobody's word.
        await AnnounceAsync(node, "/announce", $"&left=50&uploaded=700000&downloaded=50&user_id={alice.UserId}");

        for (var i = 0; ; i++)
        {
            var user = (await node.Http.GetJsonAsync($"/user/{alice.UserId}")).Answer;
            if (((long)user["claimed_uploaded"]!, (long)user["claimed_downloaded"]!) == (70, 50))
            {
                Assert.Equal((0, 0), ((long)user["total_uploaded"]!, (long)user["total_downloaded"]!));
                return;
            }

            Assert.True(i < 100, user.ToJsonString());
            await Task.Delay(100);
        }
    }
}
