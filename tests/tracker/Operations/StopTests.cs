using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Pbts.Tracker.Tests.Chain;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Operations;

/// <summary>A clean stop while somebody is still being answered.</summary>
public sealed class StopTests(PostgresServer postgres, ITestOutputHelper output) : IClassFixture<PostgresServer>
{
    private const int Swarms = 50;

    /// <summary>The time for an orderly stop: whoever is waited for uses it up, and swarms are put away in what is left.</summary>
    private static readonly TimeSpan AllThereIs = TimeSpan.FromSeconds(25);

    [Fact]
    public async Task A_node_keeps_its_swarms_though_somebody_watches_a_migration_and_somebody_waits_for_the_chain()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), await ContractApiTests.EnvironmentAsync(anvil));
        var contract = (string)(await node.Http.PostAsync("/contract/init", new JsonObject())).Answer["reputation_address"]!;
        Assert.Equal(HttpStatusCode.OK, (await node.Http.PostAsync("/contract/register", new JsonObject { ["username"] = "user", ["password_hash"] = "0xab" })).Status);
        // Nothing is mined from here on.
        await anvil.CallAsync("evm_setAutomine", false);
        var waiting = node.Http.PostAsync("/contract/register?wait=120", new JsonObject { ["username"] = "late", ["password_hash"] = "0xab" });
        var (started, migration) = await node.Http.PostAsync("/migrations", new JsonObject { ["referrer_address"] = contract });
        Assert.True(started == HttpStatusCode.Accepted, migration.ToJsonString());
        var tracker = new Announcer(node);
        var torrents = Enumerable.Range(0, Swarms).Select(_ => Announcer.NewTorrent()).ToArray();
        await Task.WhenAll(torrents.Select(torrent => tracker.AnnounceAsync(torrent, 1, 0)));

        using var watched = await node.Http.GetAsync($"/migrations/{migration["id"]}/events", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, watched.StatusCode);
        // Or nginx would keep the events until it has a page full of them.
        Assert.Equal("no", Assert.Single(watched.Headers.GetValues("X-Accel-Buffering")));
        using var console = await node.Http.GetAsync("/console/api/events", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, console.StatusCode);
        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.False(waiting.IsCompleted, waiting.IsCompletedSuccessfully ? (await waiting).Answer.ToJsonString() : "");

        var clock = Stopwatch.StartNew();
        await node.StopAsync();
        output.WriteLine($"stopped after {clock.Elapsed.TotalSeconds:F1} s");
        Assert.True(clock.Elapsed < AllThereIs, $"It took {clock.Elapsed} to stop:\n{node.Log}");
        // The transaction is on record, and who waited for it learns where to look.
        Assert.Equal(HttpStatusCode.Accepted, (await waiting).Status);
        await using var again = node.LaunchAgain();
        await again.WaitUntilReadyAsync();
        var counts = await Task.WhenAll(torrents.Select(new Announcer(again).ScrapeAsync));
        Assert.All(counts, counted => Assert.Equal(1, counted?.Complete));
    }
}
