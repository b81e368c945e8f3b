using System.Collections.Concurrent;
using Microsoft.Playwright;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Console;

/// <summary>The page that describes the interface, in a real browser, and the description behind it.</summary>
[Collection("node")]
public sealed class ApiPageTests(SharedNode shared, Browser browser) : IClassFixture<Browser>
{
    private static readonly string[] Groups = ["Announce", "Members", "Receipts", "Torrents", "Contract and migrations", "Trusted hardware", "Operations"];

    private readonly NodeProcess _node = shared.Node;

    [Fact]
    public async Task The_page_asks_nobody_but_the_tracker_and_advertises_nothing()
    {
        await using var visit = await browser.VisitAsync(new Uri(_node.Url, "/health"));
        var page = visit.Page;
        var elsewhere = new ConcurrentQueue<string>();
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith($"{_node.Url}", StringComparison.Ordinal) && new Uri(request.Url).Scheme is not ("data" or "blob"))
                elsewhere.Enqueue(request.Url);
        };
        await page.GotoAsync(new Uri(_node.Url, "/docs").ToString());
        var sidebar = page.Locator("aside");
        foreach (var group in Groups)
            await Assertions.Expect(sidebar.GetByText(group, new() { Exact = true }).First).ToBeVisibleAsync();
        await AssertNothingIsAdvertisedAsync(page);

        // Trying an endpoint out is a request too, and has a window of its own.
        await page.GotoAsync(new Uri(_node.Url, "/docs#tag/operations/GET/health").ToString());
        await page.GetByRole(AriaRole.Button, new() { Name = "Test Request (get /health)", Exact = true }).ClickAsync();
        await visit.PictureAsync("docs-try");
        var answer = page.WaitForResponseAsync(response => response.Url.EndsWith("/health", StringComparison.Ordinal));
        await page.GetByRole(AriaRole.Button, new() { Name = "Send" }).First.ClickAsync();
        Assert.Equal(200, (await answer).Status);
        await visit.PictureAsync("docs");
        await AssertNothingIsAdvertisedAsync(page);

        Assert.Empty(elsewhere);
        visit.AssertClean();
    }

    [Fact]
    public async Task The_page_comes_with_a_policy_that_lets_it_load_nothing_from_elsewhere_and_run_only_what_was_sent()
    {
        var policies = new HashSet<string>();
        for (var visits = 0; visits < 2; visits++)
        {
            using var page = await _node.Http.GetAsync("/docs/");
            var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
            Assert.Matches("^default-src 'none'; script-src 'self' 'nonce-[^']{16,}'; ", policy);
            Assert.DoesNotContain("http", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", Assert.Single(page.Headers.GetValues("X-Content-Type-Options")));
            policies.Add(policy);
        }

        Assert.Equal(2, policies.Count);
    }

    [Fact]
    public async Task Every_operation_is_in_a_group_that_a_reader_would_look_in()
    {
        var description = (await _node.Http.GetJsonAsync("/openapi/v1.json")).Answer;
        Assert.Equal(Groups, description["tags"]!.AsArray().Select(tag => (string)tag!["name"]!));
        var used = new HashSet<string>();
        foreach (var (path, item) in description["paths"]!.AsObject())
        {
            foreach (var (method, operation) in item!.AsObject())
            {
                var group = (string)Assert.Single(operation!["tags"]?.AsArray() ?? throw new InvalidOperationException($"{method} {path} is in no group."))!;
                Assert.Contains(group, Groups);
                used.Add(group);
            }
        }

        Assert.Equal(Groups.Order(), used.Order());
        // Behind a proxy that speaks TLS the process does not know under which name it was read.
        Assert.Equal("/", (string)Assert.Single(description["servers"]!.AsArray())!["url"]!);
    }

    private static async Task AssertNothingIsAdvertisedAsync(IPage page)
    {
        var text = await page.InnerTextAsync("body");
        foreach (var word in (string[])["Deploy", "Ask AI", "Generate SDK", "Scalar", "MCP", "Developer Tools"])
            Assert.DoesNotContain(word, text, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(0, await page.Locator("a[href*='scalar.com']:visible").CountAsync());
    }
}
