using Microsoft.Playwright;
using Pbts.Tracker.Tests.Console;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Trust;

/// <summary>Clusters and scores in the operator's console.</summary>
public sealed class TrustConsoleTests(PostgresServer postgres, Browser browser) : IClassFixture<Browser>, IClassFixture<PostgresServer>
{
    [Fact]
    public async Task An_operator_marks_a_seed_has_scores_computed_and_sees_who_deals_among_themselves()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("MIN_RATIO", "0"));
        var members = await Task.WhenAll(((string[])["good", "seed", "one", "two"]).Select(name => Member.RegisteredAsync(node.Http, name)));
        foreach (var (sender, receiver) in ((int, int)[])[(0, 1), (2, 3), (3, 2)])
            await members[sender].ReportVouchersAsync(node.Http, await members[receiver].VoucherAsync(node.Http, members[sender], "s", 20L << 30));

        await using var visit = await browser.VisitAsync(new Uri(node.Url, "/console#trust"));
        var page = visit.Page;
        await Assertions.Expect(page.Locator("#trust-note")).ToHaveTextAsync("Not computed yet.");
        await ShowAsync("seed");
        await page.GetByLabel("Trust scores begin with this member").CheckAsync();
        await page.Locator("#user-detail form:has(input[name=trust_seed]) button").ClickAsync();
        await Assertions.Expect(page.Locator("#user-detail")).ToContainTextAsync("It counts from the next computation on.");

        await page.Locator("#tab-trust").ClickAsync();
        await Assertions.Expect(page.Locator("#trust-note")).ToContainTextAsync($"Marked as seeds: {members[1].UserId}.");
        await page.Locator("#trust-run").ClickAsync();
        await Assertions.Expect(page.Locator("#trust-note")).ToContainTextAsync("4 members with a key, 3 pairs that dealt with each other, 1 seed marked by you, 1 cluster.");
        await Assertions.Expect(page.Locator("#trust-rows tr")).ToHaveCountAsync(1);
        foreach (var text in (string[])["40 GiB", members[2].UserId, members[3].UserId])
            await Assertions.Expect(page.Locator("#trust-rows tr")).ToContainTextAsync(text);
        await visit.PictureAsync("console-trust");
        await ShowAsync("good");
        await Assertions.Expect(page.Locator("#user-detail")).ToContainTextAsync("1, 1 of 4");
        await ShowAsync("two");
        await Assertions.Expect(page.Locator("#user-detail")).ToContainTextAsync("0, 2 of 4, in cluster 1");

        async Task ShowAsync(string name)
        {
            await page.Locator("#tab-users").ClickAsync();
            await page.Locator("#users input[name=search]").FillAsync(name);
            await page.Keyboard.PressAsync("Enter");
            await Assertions.Expect(page.Locator("#user-rows tr")).ToHaveCountAsync(1);
            // The row of the search before may stand there still.
            await page.Locator("#user-rows button", new() { HasTextString = name }).ClickAsync();
        }
    }
}
