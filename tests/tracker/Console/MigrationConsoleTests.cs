using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Pbts.Tracker.Tests.Chain;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Console;

/// <summary>Contracts and migrations in the console, on a real chain.</summary>
public sealed class MigrationConsoleTests(PostgresServer postgres, Browser browser) : IClassFixture<Browser>, IClassFixture<PostgresServer>
{
    [Fact]
    public async Task An_operator_pauses_and_resumes_a_migration_and_sees_the_chain_of_contracts_grow()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), await ContractApiTests.EnvironmentAsync(anvil));
        var (initialized, contract) = await node.Http.PostAsync("/contract/init", new JsonObject());
        Assert.True(initialized == HttpStatusCode.OK, contract.ToJsonString());
        var first = (string)contract["reputation_address"]!;
        for (var user = 1; user <= 5; user++)
            Assert.Equal(HttpStatusCode.OK, (await node.Http.PostAsync("/contract/register", new JsonObject { ["username"] = $"user {user}", ["password_hash"] = "0xab" })).Status);

        await using var visit = await browser.VisitAsync(new Uri(node.Url, "/console#chain"));
        var page = visit.Page;
        await Assertions.Expect(page.Locator("#chain-note")).ToContainTextAsync("Connected to chain");
        await Assertions.Expect(page.Locator("#links li")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator("#links li.active")).ToContainTextAsync(first);

        // A root of the members' totals, and why there is none while nobody has any.
        await Assertions.Expect(page.Locator("#anchor-note")).ToHaveTextAsync("None yet.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Anchor now" }).ClickAsync();
        await Assertions.Expect(page.Locator("#anchor-note")).ToContainTextAsync("There are no members");
        await Member.RegisteredAsync(node.Http, "alice");
        await page.GetByRole(AriaRole.Button, new() { Name = "Anchor now" }).ClickAsync();
        await Assertions.Expect(page.Locator("#anchor-note")).ToContainTextAsync("Number 1, of 1 members");
        await visit.PictureAsync("console-anchor");

        // Nothing is mined, so the migration cannot run away from us.
        await anvil.CallAsync("evm_setAutomine", false);
        var (started, migration) = await node.Http.PostAsync("/migrations", new JsonObject { ["referrer_address"] = first, ["batch_size"] = 2, ["method"] = "records" });
        Assert.True(started == HttpStatusCode.Accepted, migration.ToJsonString());
        await page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await Assertions.Expect(page.Locator("#migrations .badge")).ToHaveTextAsync("paused");
        await visit.PictureAsync("console-migration-paused");
        await page.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        await anvil.CallAsync("evm_setAutomine", true);
        await anvil.MineAsync();
        await Assertions.Expect(page.Locator("#migrations .badge")).ToHaveTextAsync("completed", new() { Timeout = 90_000 });
        await Assertions.Expect(page.Locator("#migrations")).ToContainTextAsync("5 of 5 users moved");
        await Assertions.Expect(page.Locator("#links li")).ToHaveCountAsync(2);
        await Assertions.Expect(page.Locator("#links li").Nth(1)).ToContainTextAsync(first);
        await visit.PictureAsync("console-migration");

        await page.Locator("#tab-audit").ClickAsync();
        await Assertions.Expect(page.Locator("#audit-rows")).ToContainTextAsync("/pause");
        await Assertions.Expect(page.Locator("#audit-rows")).ToContainTextAsync("/resume");
        visit.AssertClean();
    }
}
