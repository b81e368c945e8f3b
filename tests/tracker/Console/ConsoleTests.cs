using System.Globalization;
using System.Net;
using Microsoft.Playwright;
using Npgsql;
using Pbts.Grains.Database;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Console;

/// <summary>The operator's console in a real browser.</summary>
public sealed class ConsoleTests(PostgresServer postgres, Browser browser) : IClassFixture<Browser>, IClassFixture<PostgresServer>
{
    private const string Token = "an-administration-token-for-tests";

    [Fact]
    public async Task An_operator_logs_in_sees_figures_move_and_finds_a_swarm_and_a_user()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("PBTS_ADMIN_TOKEN", Token));
        var (sender, receiver) = await MembersAsync(node);
        await sender.ReportAsync(node.Http, Enumerable.Range(0, 5).Select(piece => receiver.Receipt(sender, $"piece {piece}", (uint)piece, size: 3 << 20)));
        await new Announcer(node).ClaimAsync(sender, 15 << 20);
        await new Announcer(node).ClaimAsync(receiver, 5 << 20);
        var torrent = Announcer.NewTorrent();
        var torrentText = Convert.ToHexStringLower(torrent);
        await using var load = new AnnounceLoad(node, torrent);

        await using var visit = await browser.VisitAsync(new Uri(node.Url, "/console"));
        var page = visit.Page;
        await page.GetByLabel("Administration token").FillAsync("not the token at all");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Alert).First).ToHaveTextAsync("The token was not accepted.");
        await visit.PictureAsync("console-login");
        await page.GetByLabel("Administration token").FillAsync(Token);
        await page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(page.Locator("#connection")).ToHaveTextAsync("live");
        await Assertions.Expect(page.Locator("#members tr")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator("#members .badge")).ToHaveTextAsync("active");
        await Assertions.Expect(page.Locator("#fronts tr")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator("#fronts .badge")).ToHaveTextAsync("active");
        await Assertions.Expect(page.Locator("#silo-health")).ToHaveTextAsync("1 of 1 answer");
        await Assertions.Expect(page.Locator("#front-health")).ToHaveTextAsync("1 of 1 answer");
        await Assertions.Expect(page.Locator("#database-health")).ToHaveTextAsync("answers");
        await Assertions.Expect(page.Locator("#user-count")).ToHaveTextAsync("2");
        await Assertions.Expect(page.Locator("#receipt-count")).ToHaveTextAsync("5");
        await WaitForAsync(async () => await NumberAsync(page, "#announce-rate") > 0);
        var peers = await NumberAsync(page, "#peers");
        await WaitForAsync(async () => await NumberAsync(page, "#peers") > peers);
        await Task.Delay(4000);
        await visit.PictureAsync("console-cluster");

        // From here by keyboard alone.
        await page.Locator("#tab-cluster").FocusAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Locator("#swarms input").FillAsync(torrentText[..7]);
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#swarm-rows tr")).ToHaveCountAsync(1);
        await page.Locator("#swarm-rows button").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#swarm-detail h2")).ToHaveTextAsync(torrentText);
        await Assertions.Expect(page.Locator("#swarm-detail")).ToContainTextAsync("Completed downloads");
        Assert.DoesNotContain("127.0.0.", (await page.Locator("#swarm-detail").InnerTextAsync()).Split("Held by")[0], StringComparison.Ordinal);
        await Assertions.Expect(page.Locator("#swarm-detail h2")).ToBeFocusedAsync();
        await visit.PictureAsync("console-swarm");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator("#swarm-detail")).ToBeHiddenAsync();
        await Assertions.Expect(page.Locator("#swarm-rows button")).ToBeFocusedAsync();

        await page.Locator("#tab-users").ClickAsync();
        await Assertions.Expect(page.Locator("#proven-share")).ToHaveTextAsync("75 %");
        await Assertions.Expect(page.Locator("#proving")).ToHaveTextAsync("2");
        await page.Locator("#users select").SelectOptionAsync("unproven");
        await page.GetByRole(AriaRole.Button, new() { Name = "Search" }).ClickAsync();
        await Assertions.Expect(page.Locator("#user-rows button")).ToHaveTextAsync([receiver.UserId, sender.UserId]);
        await Assertions.Expect(page.Locator("#user-rows tr").First.Locator("td").Last).ToHaveTextAsync("5 MiB");
        await Assertions.Expect(page.Locator("#user-rows tr").Last.Locator("td").Last).ToHaveTextAsync("0 B");
        await Assertions.Expect(page.Locator("#user-more")).ToBeHiddenAsync();
        await visit.PictureAsync("console-unproven");
        await page.Locator("#users input").FillAsync(sender.UserId);
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#user-rows tr")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator("#user-rows tr")).ToContainTextAsync("15 MiB");
        await page.Locator("#user-rows button").ClickAsync();
        await Assertions.Expect(page.Locator("#user-detail tbody tr")).ToHaveCountAsync(5);
        await Assertions.Expect(page.Locator("#user-detail tbody tr").First).ToContainTextAsync(receiver.UserId);
        await visit.PictureAsync("console-user");

        await page.Locator("#tab-configuration").ClickAsync();
        await Assertions.Expect(page.Locator("#settings")).ToContainTextAsync("with a token");
        Assert.DoesNotContain(Token, await page.ContentAsync(), StringComparison.Ordinal);
        await visit.PictureAsync("console-configuration");
        await page.Locator("#tab-audit").ClickAsync();
        await Assertions.Expect(page.Locator("#audit-rows")).ToContainTextAsync("refused");
        await Assertions.Expect(page.Locator("#audit-rows")).ToContainTextAsync("GET /console/api/events");
        await visit.PictureAsync("console-audit");
        await page.Locator("#tab-chain").ClickAsync();
        await Assertions.Expect(page.Locator("#chain-note")).ToContainTextAsync("No chain is configured");

        await page.Locator("#leave").ClickAsync();
        await Assertions.Expect(page.Locator("#login")).ToBeVisibleAsync();
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator("#login")).ToBeVisibleAsync();
        visit.AssertClean();
    }

    [Fact]
    public async Task An_operator_reads_a_long_list_of_users_to_its_end()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database);
        await using var source = NpgsqlDataSource.Create(database);
        await source.ExecuteAsync("""
            INSERT INTO users (user_id, public_key, passkey, registered_at, claimed_uploaded)
            SELECT 'member' || i, 'key', lpad(to_hex(i), 32, '0'), now(), i / 10 FROM generate_series(1, 60) AS i
            """);
        await using var visit = await browser.VisitAsync(new Uri(node.Url, "/console#users"));
        var page = visit.Page;
        await page.Locator("#users select").SelectOptionAsync("unproven");
        await page.GetByRole(AriaRole.Button, new() { Name = "Search" }).ClickAsync();
        await Assertions.Expect(page.Locator("#user-note")).ToHaveTextAsync("50 users, the first in this order.");
        await page.GetByRole(AriaRole.Button, new() { Name = "More" }).ClickAsync();
        await Assertions.Expect(page.Locator("#user-note")).ToHaveTextAsync("60 users.");
        await Assertions.Expect(page.Locator("#user-rows tr").First).ToContainTextAsync("6 B");
        await Assertions.Expect(page.Locator("#user-rows button").Last).ToHaveTextAsync("member9");
        await Assertions.Expect(page.Locator("#user-more")).ToBeHiddenAsync();
        visit.AssertClean();
    }

    [Fact]
    public async Task An_operator_changes_the_clusters_settings_and_sees_that_it_is_in_the_audit_log()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        await using var visit = await browser.VisitAsync(new Uri(node.Url, "/console#configuration"));
        var page = visit.Page;
        var window = page.GetByLabel("Receipt window, seconds");
        await Assertions.Expect(window).ToHaveValueAsync("86400");
        await window.FillAsync("7200");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#change-note")).ToHaveTextAsync("Changed: receipt_window is 7200.");
        Assert.Equal(7200, (long)(await node.Http.GetJsonAsync("/config")).Answer["receipt_window"]!);

        // More than a tracker can keep is refused, and what is in force stays.
        await window.FillAsync("99999999999");
        await page.GetByRole(AriaRole.Button, new() { Name = "Apply" }).ClickAsync();
        await Assertions.Expect(page.Locator("#change-note")).ToContainTextAsync("receipt_window");
        await Assertions.Expect(page.Locator("#change-note")).Not.ToContainTextAsync("Changed");
        await Assertions.Expect(window).ToHaveValueAsync("7200");

        // Verification is not switched off by a slip.
        page.Dialog += (_, dialog) => _ = dialog.DismissAsync();
        await page.GetByLabel("Signatures").SelectOptionAsync("false");
        await page.GetByRole(AriaRole.Button, new() { Name = "Apply" }).ClickAsync();
        Assert.True((bool)(await node.Http.GetJsonAsync("/config")).Answer["verify_signatures"]!);
        await visit.PictureAsync("console-settings");

        await page.Locator("#tab-audit").ClickAsync();
        await Assertions.Expect(page.Locator("#audit-rows")).ToContainTextAsync("POST /config");
        visit.AssertClean();
    }

    [Fact]
    public async Task A_silo_and_a_front_end_that_go_are_seen_to_be_missing()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database, ("PBTS_NAME", "stays"));
        await using var silo = await NodeProcess.StartSiloAsync(database, ("PBTS_NAME", "goes"));
        await using var front = await NodeProcess.StartApiAsync(database, ("PBTS_NAME", "front"));
        await using var polite = await NodeProcess.StartApiAsync(database, ("PBTS_NAME", "polite"));
        await using var visit = await browser.VisitAsync(new Uri(node.Url, "/console"), 390, 844);
        var page = visit.Page;
        await Assertions.Expect(page.Locator("#silo-health")).ToHaveTextAsync("2 of 2 answer");
        await Assertions.Expect(page.Locator("#front-health")).ToHaveTextAsync("3 of 3 answer");
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), "The page is wider than the phone.");

        await polite.StopAsync();
        await Assertions.Expect(page.Locator("#front-health")).ToHaveTextAsync("2 of 2 answer");
        // One after the other: what the silo may have known of the front end goes with it.
        var patience = new LocatorAssertionsToContainTextOptions { Timeout = 60_000 };
        await front.KillAsync();
        await Assertions.Expect(page.Locator("#fronts tr").Filter(new() { HasText = "front" }).Locator(".badge")).ToContainTextAsync("silent for", patience);
        await silo.KillAsync();
        await Assertions.Expect(page.Locator("#members tr").Filter(new() { HasText = "goes" }).Locator(".badge")).ToContainTextAsync("dead", patience);
        await visit.PictureAsync("console-missing-phone");
        visit.AssertClean();
    }

    [Fact]
    public async Task A_hostile_user_id_is_text_and_the_public_page_shows_the_evidence_on_a_phone_in_the_dark()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), (NodeProcess.Unregistered, "fixed"));
        var sender = new Member("x") { UserId = "\"><img&src=x&onerror=alert(1)>" };
        Assert.Equal(HttpStatusCode.OK, (await sender.RegisterAsync(node.Http)).Status);
        var receiver = await Member.RegisteredAsync(node.Http, "receiver");
        await sender.ReportVouchersAsync(node.Http, await receiver.VoucherAsync(node.Http, sender, "a session", 1 << 20));

        await using var open = await browser.VisitAsync(new Uri(node.Url, "/console#users"), 390, 844, dark: true);
        await Assertions.Expect(open.Page.Locator("#user-rows tr")).ToHaveCountAsync(2);
        await Assertions.Expect(open.Page.Locator("#user-rows button").First).ToHaveTextAsync(sender.UserId);
        Assert.Equal(0, await open.Page.Locator("#user-rows img").CountAsync());
        await open.PictureAsync("console-phone-dark");
        await open.Page.Locator("#tab-cluster").ClickAsync();
        await open.PictureAsync("console-cluster-phone-dark");
        open.AssertClean();

        // The number of vouchers may be a few seconds old.
        await Wait.UntilAsync(async () => (long)(await node.Http.GetJsonAsync("/user/" + Uri.EscapeDataString(sender.UserId))).Answer["vouchers"]! == 1);
        await using var visit = await browser.VisitAsync(new Uri(node.Url, "/u/" + Uri.EscapeDataString(sender.UserId)), 390, 844, dark: true);
        await Assertions.Expect(visit.Page.Locator("#name")).ToHaveTextAsync(sender.UserId);
        await Assertions.Expect(visit.Page.Locator("#uploaded")).ToHaveTextAsync("1 MiB");
        await Assertions.Expect(visit.Page.Locator("#uploaded-by")).ToHaveTextAsync("signed for by those who downloaded");
        await Assertions.Expect(visit.Page.Locator("#terms")).ToContainTextAsync("counts 16 KiB");
        await Assertions.Expect(visit.Page.Locator("#ratio")).ToHaveTextAsync("∞");
        await Assertions.Expect(visit.Page.Locator("#vouchers")).ToHaveTextAsync("1 voucher");
        // The public sees that there is a voucher, not with whom and for what.
        Assert.DoesNotContain(receiver.UserId, await visit.Page.ContentAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await visit.Page.Locator("main img").CountAsync());
        Assert.True(await visit.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), "The page is wider than the phone.");
        await visit.PictureAsync("user-phone-dark");
        visit.AssertClean();

        // What the page says of the totals follows the settings.
        Assert.Equal(HttpStatusCode.OK, (await node.Http.PostTextAsync("/config", """{"verify_signatures":false}""")).Status);
        await using (var unverified = await browser.VisitAsync(new Uri(node.Url, "/u/" + Uri.EscapeDataString(sender.UserId))))
        {
            await Assertions.Expect(unverified.Page.Locator("#uploaded-by")).ToHaveTextAsync("as reported: this tracker verifies no signatures now");
            await Assertions.Expect(unverified.Page.Locator("#terms")).ToContainTextAsync("anybody can report any transfer");
            Assert.DoesNotContain("proven by", await unverified.Page.ContentAsync(), StringComparison.Ordinal);
        }

        // Nobody of that name, and what is no text at all.
        foreach (var name in (string[])["nobody", "%FF"])
        {
            await using var nobody = await browser.VisitAsync(new Uri($"{node.Url}u/{name}"));
            await Assertions.Expect(nobody.Page.Locator("#problem")).ToHaveTextAsync("There is no such user on this tracker.");
        }
    }

    [Fact]
    public async Task Console_data_needs_the_token_and_pages_come_with_a_strict_policy()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("PBTS_ADMIN_TOKEN", Token));
        foreach (var path in (string[])["events", "configuration", "swarms", "users", "proof", "audit", "swarms/" + new string('a', 40)])
        {
            using var refused = await node.Http.GetAsync("/console/api/" + path);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }

        foreach (var path in (string[])["/console", "/console/console.js", "/u/anybody"])
        {
            using var page = await node.Http.GetAsync(path);
            Assert.Equal(HttpStatusCode.OK, page.StatusCode);
            var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
            Assert.Contains("default-src 'none'; script-src 'self'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", Assert.Single(page.Headers.GetValues("X-Content-Type-Options")));
        }

        using var missing = await node.Http.GetAsync("/console/..%2Fappsettings.json");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        var (status, answer) = await node.Http.GetJsonAsync("/console/api/swarms?sort=size", ("Authorization", "Bearer " + Token));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("sort", (string)answer["error"]!, StringComparison.Ordinal);
    }

    private static async Task<(Member Sender, Member Receiver)> MembersAsync(NodeProcess node) =>
        (await Member.RegisteredAsync(node.Http, "sender"), await Member.RegisteredAsync(node.Http, "receiver"));

    private static async Task<double> NumberAsync(IPage page, string selector) =>
        double.TryParse(await page.Locator(selector).InnerTextAsync(), NumberStyles.AllowThousands | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static async Task WaitForAsync(Func<Task<bool>> condition)
    {
        for (var tries = 0; !await condition(); tries++)
        {
            Assert.True(tries < 150, "It did not happen within 30 seconds.");
            await Task.Delay(200);
        }
    }

    /// <summary>New peers, one after another, in one swarm and sixty others.</summary>
    private sealed class AnnounceLoad : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;

        public AnnounceLoad(NodeProcess node, byte[] torrent)
        {
            var tracker = new Announcer(node);
            var others = Enumerable.Range(0, 60).Select(_ => Announcer.NewTorrent()).ToArray();
            _running = Task.Run(async () =>
            {
                for (var peer = 1; !_stop.IsCancellationRequested; peer++)
                {
                    await tracker.AnnounceAsync(peer % 3 == 0 ? torrent : others[peer % others.Length], peer % 60_000, peer % 4);
                    await Task.Delay(peer % 40 < 20 ? 10 : 40);
                }
            });
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _stop.Dispose();
        }
    }
}
