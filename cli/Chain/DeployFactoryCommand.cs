using System.CommandLine;
using System.Text.Json.Nodes;
using Pbts.Cli.Commands;
using Pbts.Protocol.Ethereum;

namespace Pbts.Cli.Chain;

internal static class DeployFactoryCommand
{
    public static Command Create(CommandContext context)
    {
        var file = new Option<string?>("--env") { Description = "The .env file to read RPC and PK0 from and to write FACTORY to; .env unless both are in the environment.", HelpName = "FILE" };
        var timeout = new Option<int>("--timeout") { Description = "Seconds to wait for the block.", DefaultValueFactory = _ => 120, HelpName = "SECONDS" }.Between(1, SharedOptions.MaxSeconds);
        var json = SharedOptions.Json();
        var command = new Command("deploy-factory", "Deploy the contract factory with the key PK0 to the node RPC, and note its address as FACTORY.") { file, timeout, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (rpcUrl, secret) = (Setting("RPC"), Setting("PK0"));
            EnvFile? env = null;
            if (parsed.GetValue(file) is not null || rpcUrl is null || secret is null)
            {
                env = EnvFile.Read(parsed.GetValue(file) ?? ".env");
                // A file that was named says more than what the shell happens to have; .env says less.
                var named = parsed.GetValue(file) is not null;
                rpcUrl = named ? env["RPC"] ?? rpcUrl : rpcUrl ?? env["RPC"];
                secret = named ? env["PK0"] ?? secret : secret ?? env["PK0"];
            }
            if (!Uri.TryCreate(rpcUrl, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
                return context.Fail(ExitCodes.Usage, "RPC is missing or no http URL: set it in the environment or in .env");
            // The key comes from the environment or the file: an argument would be seen in the process list.
            if (!EthereumPrivateKey.TryParse(secret, out var key))
                return context.Fail(ExitCodes.Usage, "PK0 is missing or no private key of 64 hex digits: set it in the environment or in .env");
            using var rpc = new EthereumRpcClient(url, new EthereumRpcOptions { Timeout = TimeSpan.FromSeconds(20) });
            var deployed = await FactoryDeployment.DeployAsync(rpc, key, TimeSpan.FromSeconds(parsed.GetValue(timeout)), cancellationToken).ConfigureAwait(false);
            if (!deployed.TryGet(out var factory, out var problem))
                return context.Fail(problem.IsTransient ? ExitCodes.Unreachable : ExitCodes.Refused, problem.Text);
            env?.Write("FACTORY", factory.Address.ToString());
            context.Print(new JsonObject
            {
                ["factory"] = factory.Address.ToString(),
                ["deployer"] = key.Address.ToString(),
                ["tx_hash"] = factory.TransactionHash,
                ["gas_used"] = factory.GasUsed,
            }, parsed.GetValue(json));
            return ExitCodes.Success;
        });
        return command;

        static string? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
    }
}
