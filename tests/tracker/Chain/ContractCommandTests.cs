using System.Text.Json.Nodes;
using Pbts.Cli;
using Pbts.Cli.Commands;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>An operator's way from an empty chain to a second contract with the command line alone.</summary>
public sealed class ContractCommandTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private string _tracker = "";

    [Fact]
    public async Task An_operator_deploys_administers_and_migrates_from_the_command_line()
    {
        await using var anvil = await AnvilNode.StartAsync();
        var environment = await DeployFactoryAsync(anvil);
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), environment);
        _tracker = node.Url.ToString();

        await RefusedAsync(ExitCodes.Refused, "No Reputation contract initialized", "contract", "user", "alice");
        var contract = await AdministerAsync();
        await MigrateAsync(anvil, contract);
        Assert.Equal(ExitCodes.Unreachable, (await RunAsync("contract", "status", "--tracker", "http://127.0.0.1:1")).Code);
        Assert.Equal(ExitCodes.Unreachable, (await RunAsync("migrate", "start", contract, "--wait", "--tracker", "http://127.0.0.1:1")).Code);
    }

    /// <summary>The factory, with node and key from a <c>.env</c> file that gets its address; what that file then says.</summary>
    private static async Task<(string Name, string Value)[]> DeployFactoryAsync(AnvilNode anvil)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, $"RPC={anvil.Url}\nPK0={AnvilNode.FirstKey}\n");
            var result = await RunAsync("deploy-factory", "--env", file);
            Assert.True(result.Code == 0, result.Error);
            var lines = (await File.ReadAllLinesAsync(file)).Select(line => line.Split('=', 2)).Select(parts => (parts[0], parts[1])).ToArray();
            Assert.Equal(["RPC", "PK0", "FACTORY"], lines.Select(line => line.Item1));
            Assert.Contains($"factory: {lines[2].Item2}", result.Output, StringComparison.Ordinal);
            Assert.DoesNotContain(AnvilNode.FirstKey[2..], result.Output + result.Error, StringComparison.Ordinal);
            return [.. lines, ("Chain__PollMilliseconds", "100")];
        }
        finally
        {
            File.Delete(file);
        }
    }

    private async Task<string> AdministerAsync()
    {
        var contract = (string)(await JsonAsync("contract", "init", "none"))["reputation_address"]!;
        Assert.Equal(contract, (string?)(await JsonAsync("contract", "status"))["reputation_address"]);
        var registered = await JsonAsync("contract", "register", "alice", "0xab", "salt");
        Assert.Equal("alice", (string?)(await JsonAsync("contract", "tx", (string)registered["tx"]!))["subject"]);
        Assert.Equal((string?)registered["tx"], (string?)(await JsonAsync("contract", "tx", (string)registered["tx_hash"]!))["tx"]);
        await JsonAsync("contract", "update", "alice", "1024000", "2048000");
        Assert.Equal(2.0, (double)(await JsonAsync("contract", "user", "alice"))["user"]!["ratio"]!);
        var plain = await RunAsync("contract", "user", "alice", "--tracker", _tracker);
        Assert.Contains($"contract_address: {contract}", plain.Output, StringComparison.Ordinal);
        foreach (var name in (string[])["bob", "carol", "a name with ünicode?"]) await JsonAsync("contract", "register", name, "0xab", "");

        await RefusedAsync(ExitCodes.Refused, "User exists", "contract", "register", "alice", "0xab", "salt");
        await RefusedAsync(ExitCodes.Refused, "password_hash must be 1 to 64 hexadecimal digits", "contract", "register", "dave", "xyz", "salt");
        await RefusedAsync(ExitCodes.Refused, "User does not exist", "contract", "update", "nobody", "1", "2");
        await RefusedAsync(ExitCodes.Refused, "download_size must be an integer", "contract", "update", "alice", "--", "-1", "2");
        await RefusedAsync(ExitCodes.Refused, "upload_size must be an integer", "contract", "update", "alice", "1", "18446744073709551616");
        await RefusedAsync(ExitCodes.Refused, "User not found", "contract", "user", "nobody");
        await RefusedAsync(ExitCodes.Refused, "unknown transaction", "contract", "tx", "0x12");
        await RefusedAsync(ExitCodes.Refused, "referrer_address is not an address", "contract", "init", "0x12");
        foreach (var verb in (string[])["approve", "link", "revoke"])
            await RefusedAsync(ExitCodes.Refused, "no member of this name has proven its key", "contract", verb, "nobody");
        await RefusedAsync(ExitCodes.Usage, "REFERRER is missing", "contract", "init");
        return contract;
    }

    private async Task MigrateAsync(AnvilNode anvil, string contract)
    {
        await RefusedAsync(ExitCodes.Usage, "--batch-size: must be 1 to 256", "migrate", "start", contract, "--batch-size", "0");
        await RefusedAsync(ExitCodes.Refused, "referrer_address is not a Reputation contract", "migrate", "start", "0x00000000000000000000000000000000000000aa", "--wait");

        // Nothing is mined: it stands still and can be steered.
        await anvil.CallAsync("evm_setAutomine", false);
        var id = (string)(await JsonAsync("migrate", "start", contract, "--batch-size", "2"))["id"]!;
        Assert.Equal("paused", (string?)(await JsonAsync("migrate", "pause", id))["state"]);
        await RefusedAsync(ExitCodes.Refused, "A migration that is paused cannot be paused", "migrate", "pause", id);
        await RefusedAsync(ExitCodes.Refused, "Another migration is not finished", "migrate", "start", contract);
        await RefusedAsync(ExitCodes.Refused, "A migration is not finished", "contract", "update", "alice", "1", "1");
        Assert.Equal("running", (string?)(await JsonAsync("migrate", "resume", id))["state"]);
        Assert.Equal("cancelled", (string?)(await JsonAsync("migrate", "cancel", id))["state"]);
        Assert.Equal("cancelled", (string?)(await JsonAsync("migrate", "show", id))["state"]);
        await RefusedAsync(ExitCodes.Refused, "A migration that is cancelled cannot be resumed", "migrate", "resume", id);
        Assert.Equal(ExitCodes.Refused, (await RunAsync("migrate", "watch", id, "--tracker", _tracker)).Code);
        await RefusedAsync(ExitCodes.Refused, "unknown migration", "migrate", "watch", Guid.NewGuid().ToString());
        await anvil.CallAsync("evm_setAutomine", true);

        // One named user, one that nobody has: completed, and yet no success.
        var partial = await RunAsync("migrate", "start", contract, "--user", "bob", "--user", "nobody", "--wait", "--json", "--tracker", _tracker);
        Assert.Equal(ExitCodes.Refused, partial.Code);
        var answer = JsonNode.Parse(partial.Output)!;
        Assert.Equal(("completed", 1, "nobody"), ((string)answer["state"]!, (int)answer["migrated"]!, (string)answer["failed"]![0]!["username"]!));
        Assert.Equal("", partial.Error);

        var whole = await RunAsync("migrate", "start", contract, "--retire-referrer", "--wait", "--tracker", _tracker);
        Assert.True(whole.Code == 0, whole.Error);
        Assert.Contains("state: completed", whole.Output, StringComparison.Ordinal);
        Assert.Contains("[##############################] 100 %  completed, done: 4 of 4 moved, 0 not", whole.Error, StringComparison.Ordinal);
        Assert.Equal(3, (await JsonAsync("migrate", "list"))["migrations"]!.AsArray().Count);
        Assert.Equal(2.0, (double)(await JsonAsync("contract", "user", "alice"))["user"]!["ratio"]!);
        await JsonAsync("contract", "user", "a name with ünicode?");
    }

    private async Task<JsonNode> JsonAsync(params string[] words)
    {
        var result = await RunAsync([.. words, "--json", "--tracker", _tracker]);
        Assert.True(result.Code == 0, $"{string.Join(' ', words)}: {result.Code} {result.Error}");
        return JsonNode.Parse(result.Output)!;
    }

    private async Task RefusedAsync(int code, string error, params string[] words)
    {
        string[] options = ["--tracker", _tracker];
        var at = Array.IndexOf(words, "--");
        var result = await RunAsync(at < 0 ? [.. words, .. options] : [.. words[..at], .. options, .. words[at..]]);
        Assert.True(code == result.Code && result.Error.Contains(error, StringComparison.Ordinal), $"{string.Join(' ', words)}: {result.Code} {result.Error}");
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] words)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await PbtsCommand.RunAsync(words, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
