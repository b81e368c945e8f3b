using System.CommandLine;
using Pbts.Cli.Tracker;

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
            using var client = new TrackerClient(parsed.GetRequiredValue(tracker));
            var result = await client.GetAsync("user/" + Uri.EscapeDataString(parsed.GetRequiredValue(user)), cancellationToken).ConfigureAwait(false);
            return context.Finish(result, parsed.GetValue(json));
        });
        return command;
    }
}
