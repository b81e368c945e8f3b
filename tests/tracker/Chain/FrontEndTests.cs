using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>The contract interface through front ends that are processes of their own, without the signing key, before two silos.</summary>
public sealed class FrontEndTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const int Half = 100;

    [Fact]
    public async Task Two_hundred_concurrent_writes_through_two_front_ends_are_all_mined_and_migrate()
    {
        await using var anvil = await AnvilNode.StartAsync("--block-time", "1");
        var database = await postgres.CreateDatabaseAsync();
        var environment = await ContractApiTests.EnvironmentAsync(anvil);
        await using var firstSilo = await NodeProcess.StartSiloAsync(database, environment);
        await using var secondSilo = await NodeProcess.StartSiloAsync(database, environment);
        await using var firstApi = await NodeProcess.StartApiAsync(database);
        await using var secondApi = await NodeProcess.StartApiAsync(database);
        using var first = new HttpClient { BaseAddress = firstApi.Url, Timeout = TimeSpan.FromSeconds(150) };
        using var second = new HttpClient { BaseAddress = secondApi.Url, Timeout = TimeSpan.FromSeconds(150) };
        HttpClient[] apis = [first, second];
        async Task<JsonObject> PostAsync(HttpClient api, string path, JsonObject body)
        {
            var (status, answer) = await api.PostAsync(path, body);
            Assert.True(status == HttpStatusCode.OK, $"{path} {body.ToJsonString()}: {status} {answer.ToJsonString()}\n{firstApi.Log}\n{secondApi.Log}\n{firstSilo.Log}\n{secondSilo.Log}");
            return answer;
        }

        var init = await PostAsync(apis[0], "/contract/init", new());
        Assert.True(EthereumAddress.TryParse((string?)init["reputation_address"], out var contract));
        Assert.Equal(contract.ToString(), (string?)(await apis[1].GetJsonAsync("/contract/status")).Answer["reputation_address"]);
        var before = await CountAsync(anvil);
        await using var source = NpgsqlDataSource.Create(database);
        await Wait.UntilAsync(async () => await ReminderWritesAsync(source) is null, "The account is still awake.");
        var registrations = Task.WhenAll(Enumerable.Range(0, Half).Select(i => PostAsync(apis[i % 2], "/contract/register?wait=120", User($"old{i}", i, i + 1))));
        var writes = 0;
        for (; !registrations.IsCompleted; await Task.Delay(50)) writes = Math.Max(writes, await ReminderWritesAsync(source) ?? 0);
        await registrations;
        // A hundred that come at once are one reason to be woken up, not a hundred writes of one row that wait for each other.
        Assert.InRange(writes, 0, 1);

        var answers = await Task.WhenAll(Enumerable.Range(0, Half).SelectMany(i => (Task<JsonObject>[])
        [
            PostAsync(apis[i % 2], "/contract/register?wait=120", User($"new{i}", 2 * i, 3 * i)),
            PostAsync(apis[(i + 1) % 2], "/contract/update?wait=120", new() { ["username"] = $"old{i}", ["download_size"] = 5 * i, ["upload_size"] = 7 * i }),
        ]));

        var hashes = answers.Select(answer => (string)answer["tx_hash"]!).ToHashSet();
        Assert.Equal(2 * Half, hashes.Count);
        var nonces = new HashSet<string>();
        foreach (var hash in hashes)
        {
            Assert.Equal("0x1", (string?)(await anvil.CallAsync("eth_getTransactionReceipt", hash))!["status"]);
            nonces.Add((string)(await anvil.CallAsync("eth_getTransactionByHash", hash))!["nonce"]!);
        }
        Assert.Equal(2 * Half, nonces.Count);
        // Nothing was sent but what was asked for: no gap filled, no transaction repeated.
        Assert.Equal(before + (3 * Half), await CountAsync(anvil));
        for (var i = 0; i < Half; i++)
        {
            var (old, added) = ((await anvil.UserAsync(contract, $"old{i}"))!, (await anvil.UserAsync(contract, $"new{i}"))!);
            Assert.Equal((5 * i, 7 * i, 2 * i, 3 * i), ((int)old.Downloaded, (int)old.Uploaded, (int)added.Downloaded, (int)added.Uploaded));
        }

        await LookAroundAsync(apis, answers[0], contract);
    }

    /// <summary>Everything else the interface has, each question put to the front end that did not do the work.</summary>
    private static async Task LookAroundAsync(HttpClient[] apis, JsonObject registered, EthereumAddress contract)
    {
        Assert.Equal((string?)registered["tx"], (string?)(await apis[1].GetJsonAsync($"/contract/tx/{registered["tx_hash"]}")).Answer["tx"]);
        Assert.Equal(7 * 42, (int)(await apis[1].GetJsonAsync("/contract/user/old42")).Answer["user"]!["uploadSize"]!);
        Assert.Equal(HttpStatusCode.NotFound, (await apis[0].GetJsonAsync("/contract/user/nobody")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await apis[0].PostAsync("/contract/update", new JsonObject { ["username"] = "nobody" })).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await apis[1].PostAsync("/contract/migrate", new JsonObject { ["username"] = "old1" })).Status);

        var (status, started) = await apis[0].PostAsync("/migrations", new JsonObject { ["referrer_address"] = contract.ToString(), ["batch_size"] = 60, ["retire_referrer"] = true });
        Assert.True(status == HttpStatusCode.Accepted, started.ToJsonString());
        var (refused, why) = await apis[1].PostAsync("/contract/update", new JsonObject { ["username"] = "old1" });
        Assert.Equal((HttpStatusCode.Conflict, "A migration is not finished: wait for it, or cancel it"), (refused, (string?)why["error"]));
        var events = await apis[1].GetStringAsync($"/migrations/{started["id"]}/events");
        var last = JsonNode.Parse(events.Split('\n').Last(line => line.StartsWith("data: ", StringComparison.Ordinal))[6..])!;
        Assert.Equal(("completed", 2 * Half, 2 * Half, 0), ((string)last["state"]!, (int)last["total"]!, (int)last["migrated"]!, (int)last["failed_count"]!));
        Assert.Equal(7 * 42, (int)(await apis[0].GetJsonAsync("/contract/user/old42")).Answer["user"]!["uploadSize"]!);
        Assert.Single((await apis[1].GetJsonAsync("/migrations")).Answer["migrations"]!.AsArray());
    }

    private static JsonObject User(string name, int downloaded, int uploaded) =>
        new() { ["username"] = name, ["password_hash"] = "0xab", ["salt"] = "s", ["download_size"] = downloaded, ["upload_size"] = uploaded };

    /// <summary>How often the account's reminder was written since it was made; null when there is none.</summary>
    private static async Task<int?> ReminderWritesAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand("SELECT version FROM orleans_reminders WHERE remindername = 'outbox'");
        return (int?)await command.ExecuteScalarAsync();
    }

    private static async Task<int> CountAsync(AnvilNode anvil)
    {
        Assert.True(EthereumPrivateKey.TryParse(AnvilNode.FirstKey, out var key));
        Assert.True((await anvil.Rpc.TransactionCountAsync(key.Address, pending: true)).TryGet(out var count, out var error), error?.Text);
        return Convert.ToInt32(count, CultureInfo.InvariantCulture);
    }
}
