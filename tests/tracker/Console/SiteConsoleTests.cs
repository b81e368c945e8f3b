using System.Net;
using Microsoft.Playwright;
using Pbts.Tracker.Tests.Site;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Console;

/// <summary>What an operator looks up and changes of a site in the console.</summary>
public sealed class SiteConsoleTests(PostgresServer postgres, Browser browser) : IClassFixture<Browser>, IClassFixture<PostgresServer>
{
    private const string Token = "an-administration-token-for-tests";

    [Fact]
    public async Task An_operator_finds_a_torrent_makes_it_freeleech_and_features_and_rejects_it()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        var film = (await TestTorrents.PublishAsync(node.Http, TestTorrents.Make("A <b>film")))[0].ToString();
        var bare = new string('c', 40);
        await node.SiteAsync(HttpMethod.Put, "torrents", $$"""{"torrents":[{"infohash":"{{film}}","id":4711,"times_completed":9},{"infohash":"{{bare}}","id":12,"status":"pending"}]}""");

        await using var visit = await browser.VisitAsync(new Uri(node.Url, "/console#torrents"));
        var (page, rows) = (visit.Page, visit.Page.Locator("#torrent-rows tr"));
        await Assertions.Expect(rows).ToHaveCountAsync(2);
        // By name, by infohash, and by the site's number, with a file and without.
        foreach (var (text, expected) in ((string, string)[])[("FILM", "A <b>film"), (film[..12], "A <b>film"), ("4711", "A <b>film"), ("cccc", bare), ("12", bare)])
        {
            await page.Locator("#torrent-search input").FillAsync(text);
            await page.Keyboard.PressAsync("Enter");
            await Assertions.Expect(rows).ToHaveCountAsync(1);
            await Assertions.Expect(rows).ToContainTextAsync(expected);
        }

        await Assertions.Expect(rows).ToContainTextAsync("the site, without a file");
        await Assertions.Expect(rows.Locator(".badge")).ToHaveTextAsync("pending");
        await page.Locator("#torrent-search input").FillAsync("film");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(rows).ToContainTextAsync("number 4711");
        await rows.Locator("button").ClickAsync();
        var detail = page.Locator("#torrent-detail");
        await Assertions.Expect(detail.Locator("h2")).ToHaveTextAsync("A <b>film");
        await Assertions.Expect(detail).ToContainTextAsync("4711");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make freeleech" }).ClickAsync();
        await Assertions.Expect(detail).ToContainTextAsync("Set. It holds everywhere within a second.");
        await Assertions.Expect(rows.Locator(".badge")).ToHaveTextAsync(["approved", "freeleech"]);
        await AssertTorrentAsync("""{"id":4711,"status":"approved","download_factor":0,"upload_factor":100,"factors_until":null,"times_completed":9,"featured":false}""");

        await page.GetByLabel("Status").SelectOptionAsync("rejected");
        await page.GetByLabel("Reason for clients").FillAsync("a duplicate");
        await page.GetByLabel("Credited of an upload, per cent").FillAsync("150");
        await page.GetByLabel("Both until, UTC").FillAsync("2096-10-02T07:06");
        await page.GetByLabel("Featured").CheckAsync();
        await detail.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true }).ClickAsync();
        await Assertions.Expect(rows.Locator(".badge")).ToHaveTextAsync(["rejected", "featured", "freeleech"]);
        await AssertTorrentAsync("""{"id":4711,"status":"rejected","reason":"a duplicate","download_factor":0,"upload_factor":150,"factors_until":3999999960,"times_completed":9,"featured":true}""");
        await visit.PictureAsync("console-site-torrent");
        // What was set is what is shown, and a wrong value goes nowhere.
        await rows.Locator("button").ClickAsync();
        await Assertions.Expect(page.GetByLabel("Status")).ToHaveValueAsync("rejected");
        await Assertions.Expect(page.GetByLabel("Both until, UTC")).ToHaveValueAsync("2096-10-02T07:06");
        await Assertions.Expect(page.GetByLabel("Featured")).ToBeCheckedAsync();
        await Assertions.Expect(detail).Not.ToContainTextAsync("Set.");
        await page.GetByLabel("Credited of an upload, per cent").FillAsync("1001");
        await detail.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true }).ClickAsync();
        await AssertTorrentAsync("""{"upload_factor":150}""");
        visit.AssertClean();

        async Task AssertTorrentAsync(string expected) => SiteClient.AssertHas((await node.SiteAsync(HttpMethod.Get, $"torrents/{film}"))["torrent"]!, expected);
    }

    [Fact]
    public async Task An_operator_sees_what_the_site_knows_of_a_member_and_bans_it_and_it_stays_in_its_group()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        var bob = await Member.RegisteredAsync(node.Http, "bob");
        var torrent = new string('d', 40);
        await node.SiteAsync(HttpMethod.Put, "groups", """{"groups":[{"id":3,"name":"Power users","download_factor":50}]}""");
        await node.SiteAsync(HttpMethod.Put, "members", $$"""{"members":[{"user_id":"{{bob.UserId}}","group_id":3,"donor":true}]}""");
        await node.SiteAsync(HttpMethod.Put, "baselines", $$"""{"baselines":[{"user_id":"{{bob.UserId}}","uploaded":3145728,"downloaded":1048576}]}""");
        await node.SiteAsync(HttpMethod.Post, "history", $$"""{"entries":[{"user_id":"{{bob.UserId}}","infohash":"{{torrent}}","uploaded":2048,"downloaded":1024,"seed_time":7200,"completed_at":1700000000,"client":"-qB4520-"}]}""");

        await using var visit = await browser.VisitAsync(new Uri(node.Url, "/console#users"));
        var (page, detail) = (visit.Page, visit.Page.Locator("#user-detail"));
        await page.Locator("#user-rows button").ClickAsync();
        foreach (var fact in (string[])["Power users (3): 50 % of a download, 100 % of an upload", "3 MiB up, 1 MiB down", "donor", torrent, "2 KiB up", "completed, seeded 2 h", "-qB4520-"])
            await Assertions.Expect(detail).ToContainTextAsync(fact);
        await visit.PictureAsync("console-site-member");
        await page.GetByLabel("Disabled, because").FillAsync("shared the account");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(detail).ToContainTextAsync("Set. It holds everywhere within a second.");
        await Wait.UntilAsync(async () => (await new Announcer(node).GetAsync(Announcer.Target(Announcer.NewTorrent(), 1, 5, path: $"/announce/{bob.Passkey}"))).Failure == "this account is disabled: shared the account");
        SiteClient.AssertHas((await node.SiteAsync(HttpMethod.Get, $"members/{bob.UserId}"))["member"]!, """{"disabled":"shared the account","can_download":true,"group_id":3,"donor":true,"lifetime":false}""");
        visit.AssertClean();
    }

    [Fact]
    public async Task An_operator_makes_a_token_sees_it_once_and_revokes_it()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("PBTS_ADMIN_TOKEN", Token), ("Administration__AllowLocal", "false"));
        await using var visit = await browser.VisitAsync(new Uri(node.Url, "/console#tokens"));
        var page = visit.Page;
        await page.GetByLabel("Administration token").FillAsync(Token);
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#api-token-note")).ToHaveTextAsync("No token yet.");
        await page.GetByLabel("What it is for").FillAsync("the <b>site");
        await page.Locator("#api-token-new button").ClickAsync();
        await Assertions.Expect(page.Locator("#api-token-made")).ToContainTextAsync("scopes is missing");
        await page.GetByLabel("site:read").CheckAsync();
        await page.Locator("#api-token-new button").ClickAsync();
        await Assertions.Expect(page.Locator("#api-token-rows tr")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator("#api-token-rows tr")).ToContainTextAsync("the <b>site");
        await Assertions.Expect(page.Locator("#api-token-rows .badge")).ToHaveTextAsync("good");
        var token = await page.Locator("#api-token-made code").InnerTextAsync();
        await visit.PictureAsync("console-tokens");

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Get, "/api/v1/torrents"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(HttpMethod.Put, "/api/v1/factors"));
        // Whoever comes to the page later sees it no more.
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator("#api-token-rows tr")).ToHaveCountAsync(1);
        Assert.DoesNotContain(token, await page.ContentAsync(), StringComparison.Ordinal);

        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke token the <b>site" }).ClickAsync();
        await Assertions.Expect(page.Locator("#api-token-rows .badge")).ToHaveTextAsync("revoked");
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(HttpMethod.Get, "/api/v1/torrents"));
        visit.AssertClean();

        async Task<HttpStatusCode> StatusAsync(HttpMethod method, string path)
        {
            using var request = new HttpRequestMessage(method, path) { Content = method == HttpMethod.Get ? null : JsonClient.Json("""{"download_factor":0,"upload_factor":100}""") };
            request.Headers.Authorization = new("Bearer", token);
            using var answer = await node.Http.SendAsync(request);
            return answer.StatusCode;
        }
    }
}
