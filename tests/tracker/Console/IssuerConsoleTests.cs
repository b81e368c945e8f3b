using Microsoft.Playwright;
using Pbts.Tracker.Tests.Passports;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Console;

/// <summary>Who is believed, in the console.</summary>
public sealed class IssuerConsoleTests(PostgresServer postgres, Browser browser) : IClassFixture<Browser>, IClassFixture<PostgresServer>
{
    [Fact]
    public async Task An_operator_believes_a_tracker_changes_how_far_and_believes_it_no_more()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("RPC", ""));
        var issuer = new TestIssuer("sister");
        await using var visit = await browser.VisitAsync(new Uri(node.Url, "/console#issuers"));
        var page = visit.Page;
        await Assertions.Expect(page.Locator("#issuer-note")).ToHaveTextAsync("No other tracker is believed.");
        await page.Locator("#issuers input[name=name]").FillAsync("sister");
        await page.Locator("#issuers input[name=weight]").FillAsync("50");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#issuer-set")).ToContainTextAsync("address is missing");
        await page.GetByLabel("Signing address").FillAsync(issuer.Address);
        await page.GetByLabel("Cap, GiB").FillAsync("1.5");
        await page.Keyboard.PressAsync("Enter");
        var row = page.Locator("#issuer-rows tr");
        await Assertions.Expect(row).ToHaveCountAsync(1);
        await Assertions.Expect(row).ToContainTextAsync(issuer.Address);
        await Assertions.Expect(row).ToContainTextAsync("50 %");
        await Assertions.Expect(row).ToContainTextAsync("1.5 GiB");
        await visit.PictureAsync("console-issuers");
        await page.Locator("#issuers input[name=name]").FillAsync("sister");
        await page.Locator("#issuers input[name=weight]").FillAsync("0");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(row).ToContainTextAsync("0 %");
        await Assertions.Expect(row.Locator(".badge")).ToHaveTextAsync("weight 0");
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove issuer sister" }).ClickAsync();
        await Assertions.Expect(page.Locator("#issuer-note")).ToHaveTextAsync("No other tracker is believed.");
    }
}
