using System.CommandLine;
using System.Text.Json.Nodes;
using Pbts.Peer;

namespace Pbts.Cli.Commands;

internal static class KeygenCommand
{
    public static Command Create(CommandContext context)
    {
        var path = new Option<string>("--out", "-o") { Description = "File to create (mode 600); never overwritten.", HelpName = "KEYFILE", Required = true };
        var json = SharedOptions.Json();
        var command = new Command("keygen", "Make a key pair. The private key never leaves this machine.") { path, json };
        command.SetAction(parsed =>
        {
            using var identity = MemberIdentity.Generate();
            var file = parsed.GetRequiredValue(path);
            if (!KeyFile.TryWrite(file, identity, out var error))
                return context.Fail(ExitCodes.File, error);
            context.Print(new JsonObject { ["file"] = file, ["public_key"] = Convert.ToBase64String(identity.PublicKey.Span) }, parsed.GetValue(json));
            return ExitCodes.Success;
        });
        return command;
    }
}
