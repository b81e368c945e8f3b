using System.CommandLine;
using Pbts.Peer;
using Pbts.Protocol.Receipts;

namespace Pbts.Cli.Commands;

internal static class UserCommand
{
    public static Command Create(CommandContext context)
    {
        var user = new Argument<string>("USER") { Description = "The user id." };
        var (tracker, json) = (SharedOptions.Tracker().Url(), SharedOptions.Json());
        var command = new Command("user", "Show a member's totals and ratio.") { user, tracker, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var userId = parsed.GetRequiredValue(user);
            // A path of dots is never sent: it means a folder.
            if (!UserId.TryParse(userId, out _))
                return context.Fail(ExitCodes.Usage, "USER: must be 1 to 64 visible characters without /");
            using var client = new TrackerClient(parsed.GetRequiredValue(tracker));
            var result = await client.GetAsync("user/" + Uri.EscapeDataString(userId), cancellationToken).ConfigureAwait(false);
            return context.Finish(result, parsed.GetValue(json));
        });
        return command;
    }
}
