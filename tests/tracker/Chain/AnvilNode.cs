using System.Diagnostics;
using System.Text.Json.Nodes;
using Pbts.Grains.Chain.Contracts;
using Pbts.Local;
using Pbts.Local.Processes;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>A real local Ethereum node (Foundry's anvil) on a free loopback port, gone with the test.</summary>
internal sealed class AnvilNode : IAsyncDisposable
{
    /// <summary>The first account of the well-known development mnemonic; worthless.</summary>
    public const string FirstKey = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

    /// <summary>The second.</summary>
    public const string SecondKey = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";

    private readonly HttpClient _http = new();
    private readonly string[] _command;
    private Process _process = null!;

    private AnvilNode(int port, string[] command)
    {
        _command = command;
        Url = new Uri($"http://127.0.0.1:{port}/");
        Rpc = new EthereumRpcClient(Url);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => _process.Send(Signal.Kill);
    }

    public Uri Url { get; }

    public EthereumRpcClient Rpc { get; }

    /// <summary>The folder of the contracts, with their artefacts and the development tools.</summary>
    public static string SolidityFolder { get; } = Path.Combine(Clone.Root, "solidity");

    public static async Task<AnvilNode> StartAsync(params string[] arguments)
    {
        var port = Ports.Free();
        var node = new AnvilNode(port, [.. LocalChain.Anvil(port), .. arguments]);
        await node.RestartAsync();
        return node;
    }

    /// <summary>Stops it cleanly (SIGTERM): with <c>--state FILE</c> it keeps its chain there, and forgets what is not mined.</summary>
    public async Task StopAsync()
    {
        _process.Send(Signal.Terminate);
        await _process.WaitForExitAsync();
    }

    /// <summary>Starts it again, on the same port with the same arguments.</summary>
    public async Task RestartAsync()
    {
        _process = Process.Start(_command[0], _command[1..]);
        for (var waited = Stopwatch.StartNew(); (await Rpc.ChainIdAsync()).Problem is not null; await Task.Delay(50))
        {
            Assert.False(_process.HasExited || waited.Elapsed > TimeSpan.FromSeconds(60), "anvil did not start.");
        }
    }

    /// <summary>Any JSON-RPC call; anvil's own methods steer the chain.</summary>
    public async Task<JsonNode?> CallAsync(string method, params JsonNode?[] parameters)
    {
        var body = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = method, ["params"] = new JsonArray(parameters) };
        using var content = new StringContent(body.ToJsonString(), null, "application/json");
        using var response = await _http.PostAsync(Url, content);
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.True(answer["error"] is null, answer.ToJsonString());
        return answer["result"];
    }

    /// <summary>A user as a contract itself holds it; null when it has no such user.</summary>
    public async Task<ReputationUser?> UserAsync(EthereumAddress contract, string name)
    {
        Assert.True((await new ReputationReader(Rpc).GetUserAsync(contract, name)).TryGet(out var user, out var error), error?.Text);
        return user;
    }

    public Task MineAsync(int blocks = 1) => CallAsync("anvil_mine", $"0x{blocks:x}");

    public async ValueTask DisposeAsync()
    {
        _process.Send(Signal.Kill);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _http.Dispose();
        Rpc.Dispose();
    }
}
