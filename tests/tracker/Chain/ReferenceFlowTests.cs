using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>The contract commands of the reference's README as they stand there, and the steps of its own test in their order.</summary>
public sealed partial class ReferenceFlowTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const string Init = "curl -X POST http://localhost:8000/contract/init";

    private const string Register = """
        curl -X POST http://localhost:8000/contract/register \
          -H "Content-Type: application/json" \
          -d '{
            "username": "alice",
            "salt": "random_salt_123",
            "password_hash": "0xabcdef1234567890abcdef1234567890abcdef1234567890abcdef1234567890",
            "download_size": 0,
            "upload_size": 0
          }'
        """;

    private const string Query = "curl http://localhost:8000/contract/user/alice";

    private const string Update = """
        curl -X POST http://localhost:8000/contract/update \
          -H "Content-Type: application/json" \
          -d '{
            "username": "alice",
            "download_size": 1024000,
            "upload_size": 2048000
          }'
        """;

    private const string WorkflowUpdate = """
        curl -X POST http://localhost:8000/contract/update \
          -H "Content-Type: application/json" \
          -d '{"username": "alice", "download_size": 500000, "upload_size": 1000000}'
        """;

    [Fact]
    public async Task The_commands_of_the_references_README_work_word_for_word()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), await ContractApiTests.EnvironmentAsync(anvil));

        var status = await RunAsync(node, "curl http://localhost:8000/contract/status");
        Assert.True((bool)status["configured"]! && (bool)status["connected"]!);
        var init = await RunAsync(node, Init);
        Assert.True((bool)init["success"]!);
        Assert.Equal("0x0000000000000000000000000000000000000000", (string?)init["referrer_address"]);
        Assert.StartsWith("0x", (string?)init["reputation_address"], StringComparison.Ordinal);
        Assert.True((bool)(await RunAsync(node, Register))["success"]!);
        Assert.True((bool)(await RunAsync(node, Update))["success"]!);
        var user = (await RunAsync(node, Query))["user"]!;
        Assert.Equal(("alice", "random_salt_123", 1024000, 2048000, 2.0), ((string)user["username"]!, (string)user["salt"]!, (int)user["downloadSize"]!, (int)user["uploadSize"]!, (double)user["ratio"]!));
        Assert.Equal("0xabcdef1234567890abcdef1234567890abcdef1234567890abcdef1234567890", (string?)user["passwordHash"]);
        Assert.True((bool)(await RunAsync(node, WorkflowUpdate))["success"]!);
        Assert.Equal(2.0, (double)(await RunAsync(node, Query))["user"]!["ratio"]!);
    }

    [Fact]
    public async Task The_ten_steps_of_the_references_own_test_hold()
    {
        await using var anvil = await AnvilNode.StartAsync();
        var environment = await ContractApiTests.EnvironmentAsync(anvil);
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), environment);
        var http = node.Http;

        // 1: configured and connected, with a factory.
        var (code, answer) = await http.GetJsonAsync("/contract/status");
        Assert.True((bool)answer["configured"]! && (bool)answer["connected"]!);
        Assert.Equal(environment.Single(e => e.Name == "FACTORY").Value, (string?)answer["factory_address"]);
        // 2: a contract without referrer.
        (code, answer) = await http.PostAsync("/contract/init", new JsonObject());
        var first = (string)answer["reputation_address"]!;
        Assert.Equal((HttpStatusCode.OK, true, "0x0000000000000000000000000000000000000000"), (code, (bool)answer["success"]!, (string)answer["referrer_address"]!));
        // 3 and 4: a user, as registered.
        await WriteAsync("/contract/register", new() { ["username"] = "testuser", ["password_hash"] = new string('a', 64), ["salt"] = "salt" });
        var user = await UserAsync("testuser");
        Assert.Equal(("testuser", "0x" + new string('a', 64), "salt", 0, 0), ((string)user["username"]!, (string)user["passwordHash"]!, (string)user["salt"]!, (int)user["downloadSize"]!, (int)user["uploadSize"]!));
        // 5: new totals.
        await WriteAsync("/contract/update", new() { ["username"] = "testuser", ["download_size"] = 1024000, ["upload_size"] = 2048000 });
        user = await UserAsync("testuser");
        Assert.Equal((1024000, 2048000, 2.0), ((int)user["downloadSize"]!, (int)user["uploadSize"]!, (double)user["ratio"]!));
        // 6 and 7: three more with totals from the start; all four are readable.
        (string Name, int Down, int Up)[] more = [("alice", 1000000, 2000000), ("bob", 500000, 250000), ("charlie", 0, 5000000)];
        foreach (var (name, down, up) in more)
            await WriteAsync("/contract/register", new() { ["username"] = name, ["password_hash"] = "0x01", ["salt"] = name, ["download_size"] = down, ["upload_size"] = up });
        foreach (var (name, down, up) in more)
        {
            user = await UserAsync(name);
            Assert.Equal((down, up), ((int)user["downloadSize"]!, (int)user["uploadSize"]!));
        }
        await UserAsync("testuser");
        // 8: one of them is updated.
        await WriteAsync("/contract/update", new() { ["username"] = "alice", ["download_size"] = 5000000, ["upload_size"] = 10000000 });
        user = await UserAsync("alice");
        Assert.Equal((5000000, 10000000), ((int)user["downloadSize"]!, (int)user["uploadSize"]!));
        // 9: an unknown user. The reference answered 200 with zeros.
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetJsonAsync("/contract/user/nonexistent")).Status);
        // 10: a contract with a referrer.
        (code, answer) = await http.PostAsync("/contract/init", new JsonObject { ["referrer_address"] = first });
        Assert.Equal((HttpStatusCode.OK, true, first), (code, (bool)answer["success"]!, (string)answer["referrer_address"]!));

        async Task WriteAsync(string path, JsonObject body)
        {
            var (status, written) = await http.PostAsync(path, body);
            Assert.True(status == HttpStatusCode.OK && (bool)written["success"]! && ((string)written["tx_hash"]!).Length == 66, written.ToJsonString());
        }

        async Task<JsonNode> UserAsync(string name)
        {
            var (status, found) = await http.GetJsonAsync($"/contract/user/{name}");
            Assert.True(status == HttpStatusCode.OK, found.ToJsonString());
            return found["user"]!;
        }
    }

    /// <summary>Sends the bytes that curl would for a command line; the port alone is the test's own.</summary>
    private static async Task<JsonNode> RunAsync(NodeProcess node, string command)
    {
        var words = Word().Matches(command.Replace("\\\n", " ", StringComparison.Ordinal)).Select(match => match.Value.Trim('"', '\'')).ToList();
        Assert.Equal("curl", words[0]);
        var url = new Uri(words.Single(word => word.StartsWith("http://", StringComparison.Ordinal)));
        Assert.Equal(8000, url.Port);
        var body = words.IndexOf("-d") is > 0 and var at ? Encoding.UTF8.GetBytes(words[at + 1]) : null;
        var method = words.IndexOf("-X") is > 0 and var x ? words[x + 1] : body is null ? "GET" : "POST";
        var head = $"{method} {url.PathAndQuery} HTTP/1.1\r\nHost: localhost:{node.Port}\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n";
        if (body is not null)
        {
            var type = words.IndexOf("-H") is > 0 and var h ? words[h + 1] : "Content-Type: application/x-www-form-urlencoded";
            head += string.Create(CultureInfo.InvariantCulture, $"{type}\r\nContent-Length: {body.Length}\r\n");
        }
        var response = await RawHttp.ExchangeAsync(new IPEndPoint(IPAddress.Loopback, node.Port), [.. Encoding.ASCII.GetBytes(head + "Connection: close\r\n\r\n"), .. body ?? []]);
        Assert.StartsWith("HTTP/1.1 200", Encoding.Latin1.GetString(response), StringComparison.Ordinal);
        return JsonNode.Parse(RawHttp.BodyOf(response))!;
    }

    [GeneratedRegex("""'[^']*'|"[^"]*"|\S+""")]
    private static partial Regex Word();
}
