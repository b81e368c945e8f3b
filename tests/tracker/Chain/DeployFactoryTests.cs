using Pbts.Cli.Chain;
using Pbts.Cli;
using Pbts.Cli.Commands;
using Pbts.Protocol.Ethereum;

namespace Pbts.Tracker.Tests.Chain;

public sealed class DeployFactoryTests
{
    [Fact]
    public async Task Deploying_writes_one_FACTORY_line_and_keeps_the_rest()
    {
        await using var anvil = await AnvilNode.StartAsync();
        var folder = Directory.CreateTempSubdirectory("pbts-env-");
        var file = Path.Combine(folder.FullName, ".env");
        await File.WriteAllTextAsync(file, $"# mine\nRPC={anvil.Url}\nexport PK0=\"{AnvilNode.FirstKey}\"\nFACTORY=0xold\nOTHER=$(touch x)\nFACTORY=0xolder\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        try
        {
            var first = await RunAsync(file);
            var second = await RunAsync(file);
            Assert.NotEqual(first, second);
            Assert.Equal(["# mine", $"RPC={anvil.Url}", $"export PK0=\"{AnvilNode.FirstKey}\"", $"FACTORY={second}", "OTHER=$(touch x)"], await File.ReadAllLinesAsync(file));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            Assert.Single(folder.GetFiles());
            Assert.True(EthereumAddress.TryParse(second, out var factory));
            Assert.True((await anvil.Rpc.CodeAsync(factory)).TryGet(out var code, out _));
            Assert.NotEmpty(code);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Without_funds_the_node_refuses_and_nothing_is_written()
    {
        await using var anvil = await AnvilNode.StartAsync();
        var file = Path.GetTempFileName();
        var text = $"RPC={anvil.Url}\nPK0={new string('1', 64)}\n";
        await File.WriteAllTextAsync(file, text);
        try
        {
            using var error = new StringWriter();
            Assert.Equal(ExitCodes.Refused, await PbtsCommand.RunAsync(["deploy-factory", "--env", file], TextWriter.Null, error));
            Assert.Contains("funds", error.ToString(), StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(new string('1', 64), error.ToString(), StringComparison.Ordinal);
            Assert.Equal(text, await File.ReadAllTextAsync(file));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("RPC=http://127.0.0.1:1\nPK0=zz\n", ExitCodes.Usage)]
    [InlineData("RPC=nonsense\nPK0=0x1111111111111111111111111111111111111111111111111111111111111111\n", ExitCodes.Usage)]
    [InlineData("RPC=http://127.0.0.1:1\nPK0=0x1111111111111111111111111111111111111111111111111111111111111111\n", ExitCodes.Unreachable)]
    public async Task Wrong_settings_have_their_exit_codes(string text, int code)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, text);
        try
        {
            Assert.Equal(code, await PbtsCommand.RunAsync(["deploy-factory", "--env", file], TextWriter.Null, TextWriter.Null));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void The_code_built_in_is_the_artefact() => Assert.Equal(ChainRig.FactoryCode(), FactoryDeployment.ReadCode());

    private static async Task<string> RunAsync(string file)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await PbtsCommand.RunAsync(["deploy-factory", "--env", file, "--json"], output, error);
        Assert.True(code == 0, error.ToString());
        return (string)System.Text.Json.Nodes.JsonNode.Parse(output.ToString())!["factory"]!;
    }
}
