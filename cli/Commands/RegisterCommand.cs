using System.CommandLine;
using Pbts.Cli.Tracker;
using Pbts.Protocol.Receipts;

namespace Pbts.Cli.Commands;

internal static class RegisterCommand
{
    public static Command Create(CommandContext context)
    {
        var user = new Argument<string>("USER") { Description = "The user id to register: 1 to 64 visible characters without /." };
        var (key, tracker, json) = (SharedOptions.Key(), SharedOptions.Tracker().Url(), SharedOptions.Json());
        var command = new Command("register", "Register a user id, proving possession of the key. Prints the announce URL with its passkey.") { user, key, tracker, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var userId = parsed.GetRequiredValue(user);
            if (!UserId.TryParse(userId, out _))
                return context.Fail(ExitCodes.Usage, "USER: must be 1 to 64 visible characters without /");
            using var identity = context.ReadKey(parsed.GetRequiredValue(key), out var exitCode);
            if (identity is null)
                return exitCode;
            using var client = new TrackerClient(parsed.GetRequiredValue(tracker));
            return context.Finish(await client.RegisterAsync(userId, identity, cancellationToken).ConfigureAwait(false), parsed.GetValue(json));
        });
        return command;
    }
}
