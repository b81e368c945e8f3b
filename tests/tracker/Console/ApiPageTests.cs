using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Console;

/// <summary>The page that describes the interface, in a real browser, and the description behind it.</summary>
[Collection("node")]
public sealed class ApiPageTests(SharedNode shared, Browser browser) : IClassFixture<Browser>
{
    private static readonly string[] Groups = ["Announce", "Members", "Site", "UNIT3D", "Gazelle", "Issuers", "Receipts", "Trust", "Torrents", "Contract and migrations", "Trusted hardware", "Operations"];

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

    [Fact]
    public async Task Every_parameter_in_a_path_is_described_once()
    {
        foreach (var (path, item) in (await _node.Http.GetJsonAsync("/openapi/v1.json")).Answer["paths"]!.AsObject())
        {
            var named = path.Split('/').Where(part => part.StartsWith('{')).Select(part => part.Trim('{', '}')).Order(StringComparer.Ordinal);
            foreach (var (_, operation) in item!.AsObject())
                Assert.Equal(named, (operation!["parameters"]?.AsArray() ?? []).Where(parameter => (string)parameter!["in"]! == "path").Select(parameter => (string)parameter!["name"]!).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task Every_operation_says_what_it_is_for_what_it_takes_what_it_answers_and_how_it_refuses()
    {
        var description = (await _node.Http.GetJsonAsync("/openapi/v1.json")).Answer;
        var writesWithoutBody = new HashSet<string>();
        foreach (var (path, item) in description["paths"]!.AsObject())
        {
            foreach (var (method, value) in item!.AsObject())
            {
                var (name, operation) = ($"{method} {path}", value!.AsObject());
                Assert.False(string.IsNullOrWhiteSpace((string?)operation["summary"]), $"{name} has no summary.");
                var answers = operation["responses"]!.AsObject();
                var good = answers.Where(answer => answer.Key[0] == '2').ToArray();
                Assert.NotEmpty(good);
                // Announce and scrape refuse with 200 and a reason, in an encoding of their own.
                if ((string)operation["tags"]![0]! == "Announce")
                    continue;
                Assert.All(good, answer => Assert.True(IsTyped(answer.Value!), $"{name} does not say what its {answer.Key} is."));
                foreach (var status in (string[])["429", "503"])
                    Assert.True(answers[status] is { } refusal && IsTyped(refusal), $"{name} does not say that it answers {status}.");
                if (method is not ("post" or "put"))
                    continue;
                if (operation["requestBody"] is not { } body)
                    writesWithoutBody.Add(path);
                else
                    Assert.True(IsTyped(body), $"{name} does not say what its body is.");
            }
        }

        // Whatever else is written to reads a body.
        string[] known =
        [
            "/announce/{key}/config/reload", "/contract/anchor", "/contract/members/{username}/approve", "/contract/members/{username}/link", "/contract/members/{username}/revoke", "/keygen",
            "/migrations/{id}/cancel", "/migrations/{id}/pause", "/migrations/{id}/resume", "/tee/reset-statistics", "/trust",
            "/user/{userId}/trust-seed",
        ];
        Assert.Equal(known, writesWithoutBody.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("post", "/report", "401", "404", "413")]
    [InlineData("post", "/register", "400", "401", "403", "408", "409", "413")]
    [InlineData("post", "/config", "400", "401", "403", "413")]
    [InlineData("get", "/invites", "400", "401", "403")]
    [InlineData("get", "/user/{userId}", "404")]
    [InlineData("post", "/attest", "400", "403")]
    [InlineData("post", "/contract/update", "202", "400", "409")]
    [InlineData("post", "/migrations/{id}/pause", "401", "404", "409")]
    [InlineData("put", "/api/v1/factors", "400", "401", "403", "412", "413")]
    [InlineData("get", "/api/v1/changes", "400", "401", "403", "410")]
    [InlineData("delete", "/api/v1/members/{userId}", "401", "403", "404")]
    public async Task Refusals_that_only_some_operations_know_are_described_there(string method, string path, params string[] statuses)
    {
        var answers = (await _node.Http.GetJsonAsync("/openapi/v1.json")).Answer["paths"]![path]![method]!["responses"]!.AsObject();
        foreach (var status in statuses)
            Assert.True(answers.ContainsKey(status), $"{method} {path} does not describe {status}.");
    }

    [Theory]
    [InlineData("ReportRequest", "user_id")]
    [InlineData("ReportedReceipt", "infohash", "piece_hash", "piece_index", "signature")]
    [InlineData("ReportedVoucher", "bytes", "infohash", "opened", "session", "signature", "signed_at")]
    [InlineData("RegisterRequest", "public_key", "user_id")]
    [InlineData("RotateRequest", "new_public_key", "new_signature", "signature", "timestamp")]
    [InlineData("AttestRequest", "infohash", "receiver_private_key")]
    [InlineData("VerifyReceiptRequest", "infohash")]
    [InlineData("TrustRequest", "trust")]
    [InlineData("ConfigRequest")]
    [InlineData("InviteRequest")]
    [InlineData("KeygenTeeRequest")]
    [InlineData("VerifyAttestationRequest")]
    [InlineData("ContractRegisterRequest", "password_hash", "username")]
    [InlineData("MigrationStartRequest", "referrer_address")]
    [InlineData("VoucherResult", "index", "status")]
    [InlineData("SiteTorrentRequest", "infohash")]
    [InlineData("SiteGroupRequest", "id", "name")]
    [InlineData("SiteFactorsRequest", "download_factor", "upload_factor")]
    [InlineData("SiteHistoryEntryRequest", "downloaded", "infohash", "uploaded", "user_id")]
    [InlineData("SiteFreeleechRequest", "until")]
    [InlineData("MemberPolicyRequest", "user_id")]
    public async Task Only_what_has_to_be_there_is_required(string schema, params string[] required)
    {
        var described = (await _node.Http.GetJsonAsync("/openapi/v1.json")).Answer["components"]!["schemas"]![schema]!;
        Assert.Equal(required, (described["required"]?.AsArray() ?? []).Select(name => (string)name!).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("ReportedReceipt", "timestamp", "t_epoch", "receiver_pk", "receiver_public_key", "sender_pk", "piece_size")]
    [InlineData("AttestRequest", "timestamp", "t_epoch", "session", "bytes")]
    [InlineData("VerifyReceiptRequest", "timestamp", "t_epoch", "session", "bytes", "receipt", "signature")]
    public async Task Both_dialects_are_described(string schema, params string[] fields)
    {
        var described = (await _node.Http.GetJsonAsync("/openapi/v1.json")).Answer["components"]!["schemas"]![schema]!["properties"]!.AsObject();
        foreach (var field in fields)
            Assert.True(described.ContainsKey(field), field);
    }

    [Fact]
    public async Task Values_are_described_as_the_texts_and_numbers_that_they_are()
    {
        var schemas = (await _node.Http.GetJsonAsync("/openapi/v1.json")).Answer["components"]!["schemas"]!;
        Assert.Equal(("string", "^[A-Za-z0-9+/]{64}$"), ((string)schemas["MemberKey"]!["type"]!, (string)schemas["MemberKey"]!["pattern"]!));
        // Of two types of one name the description would show one.
        Assert.True(schemas["UserAnswer"]!["properties"]!.AsObject().ContainsKey("may_download"));
        Assert.True(schemas["ContractUserAnswer"]!["properties"]!.AsObject().ContainsKey("passwordHash"));
        Assert.Equal("integer", (string)schemas["ReportedReceipt"]!["properties"]!["piece_index"]!["type"]!);
    }

    private static bool IsTyped(JsonNode described) =>
        described["content"]?.AsObject() is { Count: > 0 } content && content.All(form => form.Value?["schema"]?.AsObject() is { Count: > 0 });

    private static async Task AssertNothingIsAdvertisedAsync(IPage page)
    {
        var text = await page.InnerTextAsync("body");
        foreach (var word in (string[])["Deploy", "Ask AI", "Generate SDK", "Scalar", "MCP", "Developer Tools"])
            Assert.DoesNotContain(word, text, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(0, await page.Locator("a[href*='scalar.com']:visible").CountAsync());
    }
}
