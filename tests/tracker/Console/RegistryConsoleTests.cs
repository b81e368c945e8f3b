using System.Net;
using Microsoft.Playwright;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Console;

/// <summary>Torrents, invites and how far members are let, in the console.</summary>
public sealed class RegistryConsoleTests(PostgresServer postgres, Browser browser) : IClassFixture<Browser>, IClassFixture<PostgresServer>
{
    [Fact]
    public async Task An_operator_finds_torrents_makes_and_ends_invites_and_sets_a_members_trust()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("INIT_CREDIT", "1048576"), ("Receipts__ReceiverSlack", "0"));
        var (alice, bob) = (await Member.RegisteredAsync(node.Http, "alice"), await Member.RegisteredAsync(node.Http, "bob"));
        await TestTorrents.PublishAsync(node.Http, TestTorrents.Make("A <b>film"), ("X-Passkey", alice.Passkey));
        var hash = (await TestTorrents.PublishAsync(node.Http, TestTorrents.Make("Another", version1: false, version2: true)))[0].ToString();
        await alice.ReportVouchersAsync(node.Http, await bob.VoucherAsync(node.Http, alice, "a", 1 << 20));
        await alice.ReportVouchersAsync(node.Http, await bob.VoucherAsync(node.Http, alice, "b", 1 << 20));

        await using var visit = await browser.VisitAsync(new Uri(node.Url, "/console#torrents"));
        var page = visit.Page;
        await Assertions.Expect(page.Locator("#torrent-rows tr")).ToHaveCountAsync(2);
        await page.Locator("#torrents input").FillAsync("FILM");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#torrent-rows tr")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator("#torrent-rows tr")).ToContainTextAsync("A <b>film");
        await Assertions.Expect(page.Locator("#torrent-rows tr")).ToContainTextAsync("3 of 16 KiB");
        await Assertions.Expect(page.Locator("#torrent-rows tr")).ToContainTextAsync(alice.UserId);
        await page.Locator("#torrents input").FillAsync(hash[..9]);
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#torrent-rows tr")).ToContainTextAsync("Another");
        await Assertions.Expect(page.Locator("#torrent-rows tr")).ToContainTextAsync("the administration");
        await visit.PictureAsync("console-torrents");

        await page.Locator("#tab-invites").ClickAsync();
        await Assertions.Expect(page.Locator("#invite-note")).ToHaveTextAsync("No invite yet.");
        await page.GetByLabel("How many may come by it").FillAsync("2");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#invite-rows tr")).ToHaveCountAsync(1);
        var invite = await page.Locator("#invite-made code").InnerTextAsync();
        var guest = new Member("guest");
        Assert.Equal(HttpStatusCode.OK, (await guest.RegisterAsync(node.Http, invite: invite)).Status);
        await page.Locator("#tab-invites").ClickAsync();
        await Assertions.Expect(page.Locator("#invite-rows tr")).ToContainTextAsync("1 of 2");
        await Assertions.Expect(page.Locator("#invite-rows tr")).ToContainTextAsync(guest.UserId);
        await page.GetByRole(AriaRole.Button, new() { Name = "End invite" }).ClickAsync();
        await Assertions.Expect(page.Locator("#invite-rows .badge")).ToHaveTextAsync("ended");
        await visit.PictureAsync("console-invites");

        await page.Locator("#tab-users").ClickAsync();
        await page.Locator("#users input[name=search]").FillAsync(bob.UserId);
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#user-rows tr")).ToHaveCountAsync(1);
        await page.Locator("#user-rows button").ClickAsync();
        var detail = page.Locator("#user-detail");
        await Assertions.Expect(detail).ToContainTextAsync("by itself");
        await Assertions.Expect(detail).ToContainTextAsync("1 MiB, 0 B left");
        await Assertions.Expect(detail).ToContainTextAsync("1 MiB debited in 2 sessions");
        // Bob is disabled with a reason, then may seed again.
        await page.GetByLabel("Disabled, because").FillAsync("shared the account");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(detail).ToContainTextAsync("Set. It holds everywhere within a second.");
        await Wait.UntilAsync(async () => await AnnounceAsync(left: 0) == "this account is disabled: shared the account");
        // What was shown before stays until the answer is there.
        await page.Locator("#user-rows button").ClickAsync();
        await Assertions.Expect(detail).Not.ToContainTextAsync("Set.");
        await Assertions.Expect(page.GetByLabel("Disabled, because")).ToHaveValueAsync("shared the account");
        await page.GetByLabel("Disabled, because").FillAsync("");
        await page.GetByLabel("May download").UncheckAsync();
        await detail.Locator("form").First.GetByRole(AriaRole.Button).ClickAsync();
        await Assertions.Expect(detail).ToContainTextAsync("Set. It holds everywhere within a second.");
        await Wait.UntilAsync(async () => await AnnounceAsync(left: 0) is null && await AnnounceAsync(left: 5) == "this account may seed, not download");
        await page.Locator("#user-rows button").ClickAsync();
        await Assertions.Expect(detail).Not.ToContainTextAsync("Set.");
        await Assertions.Expect(page.GetByLabel("May download")).Not.ToBeCheckedAsync();

        await page.GetByLabel("Trust, 0 to 1").FillAsync("0.5");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(detail).ToContainTextAsync("Set.");
        await page.Locator("#user-rows button").ClickAsync();
        await Assertions.Expect(detail).ToContainTextAsync("0.5, set for it");
        async Task<string?> AnnounceAsync(long left) => (await new Announcer(node).GetAsync(Announcer.Target(Announcer.NewTorrent(), 1, left, path: $"/announce/{bob.Passkey}"))).Failure;
        await visit.PictureAsync("console-member");
        await page.Locator("#tab-configuration").ClickAsync();
        await Assertions.Expect(page.Locator("#settings")).ToContainTextAsync("anybody");
        visit.AssertClean();

        await using var phone = await browser.VisitAsync(new Uri(node.Url, "/console#invites"), 390, 844, dark: true);
        await Assertions.Expect(phone.Page.Locator("#invite-rows tr")).ToHaveCountAsync(1);
        Assert.True(await phone.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), "The page is wider than the phone.");
        await phone.PictureAsync("console-invites-phone");
        phone.AssertClean();
    }
}
