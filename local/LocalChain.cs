using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;
using Pbts.Local.Processes;

namespace Pbts.Local;

/// <summary>An Ethereum chain for development: Foundry's anvil, on loopback, its state kept in the instance's folder.</summary>
public sealed class LocalChain(Instance instance, Launcher launcher, Action<string> say)
{
    public const string Name = "chain";

    /// <summary>
    /// The key of anvil's first development account. It is printed by every anvil and worth nothing elsewhere; a real
    /// network's key comes from the operator's environment.
    /// </summary>
    private const string Key = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

    public string Url => $"http://127.0.0.1:{instance["chain_port"]}";

    /// <summary>What starts a node on loopback.</summary>
    public static string[] Anvil(int port) => [Installed.Foundry("anvil"), "--host", "127.0.0.1", "--port", Ports.Text(port), "--quiet"];

    /// <summary>Starts it, unless it runs, with the contract factory deployed; gives what the tracker's processes need to know of it.</summary>
    public async Task<IReadOnlyDictionary<string, string>> StartAsync(Func<string, TimeSpan, Task> waitReady)
    {
        var folder = Directory.CreateDirectory(Path.Combine(instance.Folder, "chain")).FullName;
        if (instance.PidOf(Name) is null)
        {
            // The tracker's processes look for it where it was.
            var port = instance.KeptPort("chain_port");
            say($"==> Starting the local chain (anvil, {Url})");
            launcher.Launch(Name, [.. Anvil(port), "--state", Path.Combine(folder, "state.json"), "--state-interval", "2"]);
            await waitReady(Name, TimeSpan.FromSeconds(60));
        }

        instance["rpc"] = Url;
        return new Dictionary<string, string> { ["RPC"] = Url, ["PK0"] = Key, ["FACTORY"] = instance["factory"] ?? await DeployFactoryAsync() };
    }

    public async Task<bool> IsReadyAsync()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync("127.0.0.1", instance.Number("chain_port"));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task<string> DeployFactoryAsync()
    {
        say("==> Deploying the contract factory");
        var start = new ProcessStartInfo("dotnet", [Clone.Program("cli"), "deploy-factory", "--json"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        // Not as arguments, which every user of the machine sees.
        (start.Environment["RPC"], start.Environment["PK0"]) = (Url, Key);
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            await File.AppendAllTextAsync(instance.LogOf(Name), await output + await error);
            throw new LocalException($"the contract factory could not be deployed, see {instance.LogOf(Name)}");
        }

        var factory = JsonDocument.Parse(await output).RootElement.GetProperty("factory").GetString()!;
        instance["factory"] = factory;
        return factory;
    }
}
