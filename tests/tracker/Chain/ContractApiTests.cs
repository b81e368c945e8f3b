using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Pbts.Cli.Chain;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>The contract interface of the real program, with the reference's requests.</summary>
public sealed class ContractApiTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const string PasswordHash = "5e884898da28047151d0e56f8dc6292773603d0d6aabbd62a11ef721d1542d8";

    [Fact]
    public async Task The_references_flow_works_and_survives_a_crash()
    {
        await using var anvil = await AnvilNode.StartAsync();
        var database = await postgres.CreateDatabaseAsync();
        var environment = await EnvironmentAsync(anvil);
        string reputation, tx;
        await using (var node = await NodeProcess.StartNodeAsync(database, environment))
        {
            var status = await GetAsync(node, "/contract/status", HttpStatusCode.OK);
            Assert.True((bool)status["configured"]! && (bool)status["connected"]!);
            Assert.Equal(environment.Single(e => e.Name == "FACTORY").Value, (string?)status["factory_address"]);
            Assert.Null(status["reputation_address"]);

            var early = await GetAsync(node, "/contract/user/testuser", HttpStatusCode.BadRequest);
            Assert.Equal("No Reputation contract initialized", (string?)early["error"]);
            var refused = await PostAsync(node, "/contract/update", new { username = "x" }, HttpStatusCode.BadRequest);
            Assert.Equal("No Reputation contract initialized. Call /contract/init first.", (string?)refused["error"]);

            var init = await PostAsync(node, "/contract/init", null, HttpStatusCode.OK);
            reputation = (string)init["reputation_address"]!;
            Assert.Equal("0x0000000000000000000000000000000000000000", (string?)init["referrer_address"]);
            Assert.Equal("Reputation contract initialized successfully", (string?)init["message"]);

            var registered = await PostAsync(node, "/contract/register", new { username = "testuser", password_hash = PasswordHash, salt = "random_salt", download_size = 0, upload_size = 0 }, HttpStatusCode.OK);
            Assert.StartsWith("0x", (string)registered["tx_hash"]!, StringComparison.Ordinal);
            Assert.Equal(("testuser", "User registered on smart contract"), ((string)registered["username"]!, (string)registered["message"]!));
            var user = (await GetAsync(node, "/contract/user/testuser", HttpStatusCode.OK))["user"]!;
            Assert.Equal("0x" + PasswordHash.PadLeft(64, '0'), (string?)user["passwordHash"]);
            Assert.Equal(("random_salt", 0, 0, 1.0, false), ((string)user["salt"]!, (int)user["downloadSize"]!, (int)user["uploadSize"]!, (double)user["ratio"]!, (bool)user["ratio_infinite"]!));

            await PostAsync(node, "/contract/update", new { username = "testuser", download_size = 1024000, upload_size = 2048000 }, HttpStatusCode.OK);
            Assert.Equal(2.0, (double)(await GetAsync(node, "/contract/user/testuser", HttpStatusCode.OK))["user"]!["ratio"]!);
            await PostAsync(node, "/contract/update", new { username = "testuser", upload_size = 1 }, HttpStatusCode.OK);
            user = (await GetAsync(node, "/contract/user/testuser", HttpStatusCode.OK))["user"]!;
            Assert.True(user["ratio"] is null && (bool)user["ratio_infinite"]!);

            await GetAsync(node, "/contract/user/nobody", HttpStatusCode.NotFound);
            var reverted = await PostAsync(node, "/contract/update", new { username = "nobody" }, HttpStatusCode.Conflict);
            Assert.Equal("User does not exist", (string?)reverted["error"]);
            var twice = await PostAsync(node, "/contract/register", new { username = "testuser", password_hash = "1" }, HttpStatusCode.Conflict);
            Assert.Equal("User exists", (string?)twice["error"]);

            // Mining stops: the answer is 202. Then the node crashes, and Ethereum forgets what it had not mined.
            await anvil.CallAsync("evm_setAutomine", false);
            var pending = await PostAsync(node, "/contract/register?wait=0", new { username = "late", password_hash = "0xab" }, HttpStatusCode.Accepted);
            tx = (string)pending["tx"]!;
            var polled = await PollAsync(node, tx, "sent");
            Assert.Equal(("register", "late"), ((string)polled["kind"]!, (string)polled["subject"]!));
            await node.KillAsync();
            await anvil.CallAsync("anvil_dropTransaction", (string)polled["tx_hash"]!);
            await anvil.CallAsync("evm_setAutomine", true);
        }

        await using (var node = await NodeProcess.StartNodeAsync(database, environment))
        {
            // Until the cluster has voted the killed silo out, calls may be answered with 503.
            for (var i = 0; i < 60 && (await node.Http.GetAsync("/contract/status")).StatusCode == HttpStatusCode.ServiceUnavailable; i++) await Task.Delay(1000);
            Assert.Equal(reputation, (string?)(await GetAsync(node, "/contract/status", HttpStatusCode.OK))["reputation_address"]);
            // Nobody asks for it, yet the transaction goes on.
            var mined = await PollAsync(node, tx, "mined");
            Assert.Equal(tx, (string?)(await GetAsync(node, $"/contract/tx/{mined["tx_hash"]}", HttpStatusCode.OK))["tx"]);
            await GetAsync(node, "/contract/user/late", HttpStatusCode.OK);
            await GetAsync(node, "/contract/tx/0x1234", HttpStatusCode.NotFound);

            // A second contract with the first as its referrer, and a user taken over.
            var next = await PostAsync(node, "/contract/init", new { referrer_address = reputation }, HttpStatusCode.OK);
            Assert.Equal(reputation, (string?)next["referrer_address"]);
            await GetAsync(node, "/contract/user/testuser", HttpStatusCode.NotFound);
            await PostAsync(node, "/contract/migrate", new { username = "testuser" }, HttpStatusCode.OK);
            await GetAsync(node, "/contract/user/testuser", HttpStatusCode.OK);
            await PostAsync(node, "/contract/migrate", new { username = "nobody" }, HttpStatusCode.NotFound);
            Assert.Equal("User exists", (string?)(await PostAsync(node, "/contract/migrate", new { username = "testuser" }, HttpStatusCode.Conflict))["error"]);
            Assert.DoesNotContain(AnvilNode.FirstKey[2..], node.Log, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task Migrations_run_through_the_interface()
    {
        await using var anvil = await AnvilNode.StartAsync();
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database, await EnvironmentAsync(anvil));
        var reputation = (string)(await PostAsync(node, "/contract/init", null, HttpStatusCode.OK))["reputation_address"]!;
        foreach (var name in (string[])["alice", "bob", "carol"])
            await PostAsync(node, "/contract/register", new { username = name, password_hash = "abc", download_size = 1, upload_size = 2 }, HttpStatusCode.OK);

        await PostAsync(node, "/migrations", new { referrer_address = "0x12" }, HttpStatusCode.BadRequest);
        await PostAsync(node, "/migrations", new { referrer_address = reputation, users = "some" }, HttpStatusCode.BadRequest);
        await PostAsync(node, "/migrations", new { referrer_address = reputation, batch_size = 257 }, HttpStatusCode.BadRequest);
        await PostAsync(node, "/migrations", new { referrer_address = "0x00000000000000000000000000000000000000aa" }, HttpStatusCode.BadRequest);

        var started = await PostAsync(node, "/migrations", new { referrer_address = reputation, users = "all", batch_size = 2, retire_referrer = true }, HttpStatusCode.Accepted);
        Assert.Equal("running", (string?)started["state"]);
        var id = (string)started["id"]!;
        var events = await node.Http.GetStringAsync($"/migrations/{id}/events");
        var last = JsonNode.Parse(events.Split('\n').Last(line => line.StartsWith("data: ", StringComparison.Ordinal))[6..])!;
        Assert.Equal(("completed", 3, 3, 0), ((string)last["state"]!, (int)last["total"]!, (int)last["migrated"]!, (int)last["failed_count"]!));
        Assert.Contains("event: migration", events, StringComparison.Ordinal);
        var shown = await GetAsync(node, $"/migrations/{id}", HttpStatusCode.OK);
        Assert.True((long)shown["gas_used"]! > 0);
        Assert.Empty(shown["failed"]!.AsArray());
        Assert.Equal((string?)shown["reputation_address"], (string?)(await GetAsync(node, "/contract/status", HttpStatusCode.OK))["reputation_address"]);
        Assert.Single((await GetAsync(node, "/migrations", HttpStatusCode.OK))["migrations"]!.AsArray());
        await PostAsync(node, $"/migrations/{id}/pause", null, HttpStatusCode.Conflict);
        await GetAsync(node, $"/migrations/{Guid.NewGuid()}", HttpStatusCode.NotFound);
        Assert.Equal(2, (int)(await GetAsync(node, "/contract/user/carol", HttpStatusCode.OK))["user"]!["uploadSize"]!);
    }

    [Fact]
    public async Task A_node_that_fails_is_told_without_its_access_key_and_costs_nothing_but_time()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var proxy = new RpcProxy(anvil.Url);
        var url = new UriBuilder(proxy.Url) { UserName = "operator", Password = "pass1word", Path = "/v3/access1key", Query = "token=query1key" }.Uri;
        await using var node = await NodeProcess.StartNodeAsync(
            await postgres.CreateDatabaseAsync(), [.. await EnvironmentAsync(anvil), ("RPC", url.ToString()), ("Chain__RpcTimeoutSeconds", "1")]);
        var reputation = (string)(await PostAsync(node, "/contract/init", null, HttpStatusCode.OK))["reputation_address"]!;
        var told = "";
        (string Words, Func<string, Func<Task<JsonNode>>, Task<JsonNode?>> Fault)[] faults =
        [
            ("no answer within 1 s", (_, _) => Task.FromResult<JsonNode?>(null)),
            ("limit exceeded", (_, _) => Task.FromResult<JsonNode?>(RpcProxy.Error(-32005, "limit exceeded"))),
            ("is not of the expected form", (_, _) => Task.FromResult<JsonNode?>(RpcProxy.Result(new JsonObject { ["what"] = "is this" }))),
            ("on chain 4711, but this tracker's contracts and transactions are on chain 31337", async (method, forward) => method == "eth_chainId" ? RpcProxy.Result("0x1267") : await forward()),
        ];
        for (var i = 0; i < faults.Length; i++)
        {
            var (words, fault) = faults[i];
            proxy.Behaviour = (method, _, forward) => fault(method, forward);
            var status = await GetAsync(node, "/contract/status", HttpStatusCode.OK);
            Assert.Contains(words, (string)status["problem"]!, StringComparison.Ordinal);
            Assert.Equal($"http://127.0.0.1:{proxy.Url.Port}/…", (string)status["rpc_url"]!);
            var refused = await PostAsync(node, "/contract/register", new { username = $"user{i}", password_hash = "ab" }, HttpStatusCode.ServiceUnavailable);
            Assert.Contains(words, (string)refused["error"]!, StringComparison.Ordinal);
            told += status.ToJsonString() + refused.ToJsonString();
            // What is asked without a chain id does not notice the wrong chain.
            if (i < faults.Length - 1)
            {
                foreach (var answer in (JsonNode[])[
                    await GetAsync(node, "/contract/user/user0", HttpStatusCode.ServiceUnavailable),
                    await PostAsync(node, "/contract/migrate", new { username = "user0" }, HttpStatusCode.ServiceUnavailable),
                    await PostAsync(node, "/migrations", new { referrer_address = reputation }, HttpStatusCode.ServiceUnavailable)])
                {
                    Assert.Contains(words, (string)answer["error"]!, StringComparison.Ordinal);
                    told += answer.ToJsonString();
                }
            }
            proxy.Behaviour = async (_, _, forward) => await forward();
            await PostAsync(node, "/contract/register", new { username = $"user{i}", password_hash = "ab" }, HttpStatusCode.OK);
        }
        foreach (var secret in (string[])["pass1word", "access1key", "query1key", AnvilNode.FirstKey[2..]])
            Assert.DoesNotContain(secret, told + node.Log, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_referrer_that_is_no_reputation_contract_is_refused()
    {
        await using var anvil = await AnvilNode.StartAsync();
        var environment = await EnvironmentAsync(anvil);
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), environment);
        // An account, a contract of another kind, and the address of a contract that is yet to be made.
        foreach (var referrer in (string[])["0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", environment.Single(e => e.Name == "FACTORY").Value, "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"])
        {
            foreach (var path in (string[])["/contract/init", "/migrations"])
            {
                var refused = await PostAsync(node, path, new { referrer_address = referrer }, HttpStatusCode.BadRequest);
                Assert.Equal("referrer_address is not a Reputation contract", (string?)refused["error"]);
            }
        }
        Assert.Empty((await GetAsync(node, "/migrations", HttpStatusCode.OK))["migrations"]!.AsArray());
    }

    [Theory]
    [InlineData("/contract/register", "{}", "Missing username or password_hash")]
    [InlineData("/contract/register", """{"username":"a","password_hash":"0x0xab"}""", "password_hash must be 1 to 64 hexadecimal digits, with or without 0x")]
    [InlineData("/contract/register", """{"username":"a","password_hash":"0x"}""", "password_hash must be 1 to 64 hexadecimal digits, with or without 0x")]
    [InlineData("/contract/register", """{"username":"a","password_hash":"ab","upload_size":-1}""", "upload_size must be an integer from 0 to 18446744073709551615")]
    [InlineData("/contract/register", """{"username":"a","password_hash":"ab","upload_size":"1"}""", "upload_size must be an integer from 0 to 18446744073709551615")]
    [InlineData("/contract/update", "{}", "Missing username")]
    [InlineData("/contract/update?wait=121", """{"username":"a"}""", "wait must be 0 to 120 seconds")]
    [InlineData("/contract/migrate", """{"username":7}""", "username must be text")]
    [InlineData("/contract/init", """{"referrer_address":"0x12"}""", "referrer_address is not an address")]
    [InlineData("/contract/init", "[]", "body is not a JSON object")]
    [InlineData("/contract/init", """{"referrer_address":7}""", "referrer_address must be text")]
    [InlineData("/contract/init", """{"referrer_address":""}""", "referrer_address is empty")]
    [InlineData("/contract/init", """{"referrer_address":"0xf39Fd6e51aad88F6F4ce6aB8827279cffFb9226600"}""", "referrer_address is not an address")]
    [InlineData("/contract/init", """{"referrer_address":"0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266"}""", "referrer_address is not an address")]
    [InlineData("/contract/init?wait=-1", "{}", "wait must be 0 to 120 seconds")]
    [InlineData("/contract/init?wait=99999999999999999999", "{}", "wait must be 0 to 120 seconds")]
    [InlineData("/contract/register", """{"username":"<257>","password_hash":"ab"}""", "username is too long: at most 256 bytes")]
    [InlineData("/contract/register", """{"username":"<129ü>","password_hash":"ab"}""", "username is too long: at most 256 bytes")]
    [InlineData("/contract/register", """{"username":"","password_hash":"ab"}""", "username is empty")]
    [InlineData("/contract/register", """{"username":"a\u0000b","password_hash":"ab"}""", "username has a NUL character")]
    [InlineData("/contract/register", """{"username":"a\ud800","password_hash":"ab"}""", "username is not valid Unicode")]
    [InlineData("/contract/register", """{"username":["a"],"password_hash":"ab"}""", "username must be text")]
    [InlineData("/contract/register", """{"username":"a","password_hash":171}""", "password_hash must be text")]
    [InlineData("/contract/register", """{"username":"a","password_hash":"<65a>"}""", "password_hash must be 1 to 64 hexadecimal digits, with or without 0x")]
    [InlineData("/contract/register", """{"username":"a","password_hash":"-1"}""", "password_hash must be 1 to 64 hexadecimal digits, with or without 0x")]
    [InlineData("/contract/register", """{"username":"a","password_hash":"ab","salt":"<257>"}""", "salt is too long: at most 256 bytes")]
    [InlineData("/contract/register", """{"username":"a","password_hash":"ab","salt":{}}""", "salt must be text")]
    [InlineData("/contract/register", """{"username":"a","password_hash":"ab","download_size":18446744073709551616}""", "download_size must be an integer from 0 to 18446744073709551615")]
    [InlineData("/contract/register", """{"username":"a","password_hash":"ab","download_size":1.5}""", "download_size must be an integer from 0 to 18446744073709551615")]
    [InlineData("/contract/update", """{"username":"a","download_size":115792089237316195423570985008687907853269984665640564039457584007913129639936}""", "download_size must be an integer from 0 to 18446744073709551615")]
    [InlineData("/contract/update", """{"username":"a","upload_size":1e400}""", "upload_size must be an integer from 0 to 18446744073709551615")]
    [InlineData("/contract/update", """{"username":"a","upload_size":true}""", "upload_size must be an integer from 0 to 18446744073709551615")]
    [InlineData("/contract/update", """{"username":"<257>"}""", "username is too long: at most 256 bytes")]
    [InlineData("/contract/migrate", "{}", "Missing username")]
    [InlineData("/contract/migrate", """{"username":"<257>"}""", "username is too long: at most 256 bytes")]
    [InlineData("/contract/migrate?wait=soon", """{"username":"a"}""", "wait must be 0 to 120 seconds")]
    [InlineData("/migrations", "{}", "referrer_address is missing")]
    [InlineData("/migrations", """{"referrer_address":{}}""", "referrer_address must be text")]
    [InlineData("/migrations", """{"referrer_address":"<257>"}""", "referrer_address is not an address")]
    [InlineData("/migrations", """{"referrer_address":"<a>","users":"some"}""", "users must be \"all\" or an array of user names")]
    [InlineData("/migrations", """{"referrer_address":"<a>","users":{}}""", "users must be an array")]
    [InlineData("/migrations", """{"referrer_address":"<a>","users":[]}""", "users is empty")]
    [InlineData("/migrations", """{"referrer_address":"<a>","users":["a",7]}""", "users has an element that is no user name")]
    [InlineData("/migrations", """{"referrer_address":"<a>","users":["<129ü>"]}""", "users has an element that is no user name")]
    [InlineData("/migrations", """{"referrer_address":"<a>","users":["\ud800"]}""", "users has an element that is no user name")]
    [InlineData("/migrations", """{"referrer_address":"<a>","users":["a\u0000"]}""", "users has an element that is no user name")]
    [InlineData("/migrations", """{"referrer_address":"<a>","batch_size":0}""", "batch_size must be an integer from 1 to 256")]
    [InlineData("/migrations", """{"referrer_address":"<a>","batch_size":-5}""", "batch_size must be an integer from 1 to 256")]
    [InlineData("/migrations", """{"referrer_address":"<a>","batch_size":"10"}""", "batch_size must be an integer from 1 to 256")]
    [InlineData("/migrations", """{"referrer_address":"<a>","retire_referrer":"yes"}""", "retire_referrer must be true or false")]
    public async Task Bad_requests_name_what_is_wrong(string path, string body, string error)
    {
        var node = await SharedNodeAsync();
        body = body.Replace("<257>", new string('x', 257), StringComparison.Ordinal).Replace("<129ü>", new string('ü', 129), StringComparison.Ordinal)
            .Replace("<65a>", new string('a', 65), StringComparison.Ordinal).Replace("<a>", "0x00000000000000000000000000000000000000aa", StringComparison.Ordinal);
        using var content = new StringContent(body);
        using var response = await node.Http.PostAsync(path, content);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Equal((false, error), ((bool)answer["success"]!, (string)answer["error"]!));
    }

    [Theory]
    [InlineData("GET", "/contract/tx/0xzz")]
    [InlineData("GET", "/contract/tx/5000")]
    [InlineData("GET", "/migrations/x")]
    [InlineData("GET", "/migrations/00000000-0000-0000-0000-000000000001")]
    [InlineData("GET", "/migrations/00000000-0000-0000-0000-000000000001/events")]
    [InlineData("POST", "/migrations/00000000-0000-0000-0000-000000000001/pause")]
    [InlineData("POST", "/migrations/x/resume")]
    public async Task What_is_not_there_is_404(string method, string path)
    {
        var node = await SharedNodeAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path.Replace("5000", new string('1', 5000), StringComparison.Ordinal));
        using var response = await node.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.False((bool)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["success"]!);
    }

    [Fact]
    public async Task A_forwarded_request_administers_nothing()
    {
        var node = await SharedNodeAsync();
        foreach (var path in (string[])["/contract/init", "/contract/register", "/contract/update", "/contract/migrate", "/migrations"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent("{}") };
            request.Headers.Add("X-Forwarded-For", "127.0.0.1");
            using var response = await node.Http.SendAsync(request);
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        }
    }

    private static readonly SemaphoreSlim Gate = new(1);
    private static NodeProcess? _shared;

    /// <summary>One node without a chain for all requests that must fail before they reach one.</summary>
    private async Task<NodeProcess> SharedNodeAsync()
    {
        await Gate.WaitAsync();
        try
        {
            return _shared ??= await NodeProcess.StartNodeAsync(
                await postgres.CreateDatabaseAsync(), ("RPC", "http://127.0.0.1:1"), ("PK0", AnvilNode.FirstKey), ("FACTORY", "0x00000000000000000000000000000000000000aa"));
        }
        finally
        {
            Gate.Release();
        }
    }

    internal static async Task<(string Name, string Value)[]> EnvironmentAsync(AnvilNode anvil)
    {
        Assert.True(EthereumPrivateKey.TryParse(AnvilNode.FirstKey, out var key));
        Assert.True((await FactoryDeployment.DeployAsync(anvil.Rpc, key, TimeSpan.FromSeconds(30), default)).TryGet(out var factory, out var problem), problem?.Text);
        return
        [
            ("RPC", anvil.Url.ToString()), ("PK0", AnvilNode.FirstKey), ("FACTORY", factory.Address.ToString()), ("Chain__PollMilliseconds", "100"), ("Chain__ResendSeconds", "1"),
        ];
    }

    private static async Task<JsonNode> PollAsync(NodeProcess node, string tx, string state)
    {
        var answer = await GetAsync(node, $"/contract/tx/{tx}", HttpStatusCode.OK);
        for (var i = 0; i < 300 && (string?)answer["state"] != state; i++, await Task.Delay(100)) answer = await GetAsync(node, $"/contract/tx/{tx}", HttpStatusCode.OK);
        Assert.Equal(state, (string?)answer["state"]);
        return answer;
    }

    private static async Task<JsonNode> GetAsync(NodeProcess node, string path, HttpStatusCode expected)
    {
        using var response = await node.Http.GetAsync(path);
        return await ReadAsync(node, response, expected);
    }

    private static async Task<JsonNode> PostAsync(NodeProcess node, string path, object? body, HttpStatusCode expected)
    {
        using var content = body is null ? null : JsonContent.Create(body);
        using var response = await node.Http.PostAsync(path, content);
        return await ReadAsync(node, response, expected);
    }

    private static async Task<JsonNode> ReadAsync(NodeProcess node, HttpResponseMessage response, HttpStatusCode expected)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(expected == response.StatusCode, $"{response.RequestMessage!.RequestUri} gave {response.StatusCode}: {text}\n{string.Join('\n', node.Log.Split('\n').TakeLast(20).Select(line => line[..Math.Min(line.Length, 300)]))}");
        var answer = JsonNode.Parse(text)!;
        if (response.RequestMessage.RequestUri!.AbsolutePath != "/contract/status") Assert.Equal((int)expected < 300, (bool)answer["success"]!);
        return answer;
    }
}
