using System.CommandLine;
using System.Text.Json.Nodes;
using Pbts.Cli.Commands;
using Pbts.Cli.Tracker;

namespace Pbts.Cli.Contract;

/// <summary>Moves of members from one contract to the next; needs PBTS_ADMIN_TOKEN or the tracker's machine.</summary>
internal static class MigrateCommand
{
    public static Command Create(CommandContext context) => new("migrate", "Move the members to a new contract.")
    {
        Start(context),
        ContractCommand.Verb(context, "list", "All migrations, newest first.", [], (client, _, cancel) => client.GetAsync("migrations", cancel)),
        ContractCommand.Verb(context, "show", "One migration.", ["ID"], (client, words, cancel) => client.GetAsync($"migrations/{Uri.EscapeDataString(words[0])}", cancel)),
        Steer(context, "pause", "Send nothing new."),
        Steer(context, "resume", "Go on after a pause."),
        Steer(context, "cancel", "Stop for good; who has moved stays moved."),
    };

    private static Command Steer(CommandContext context, string verb, string description) => ContractCommand.Verb(
        context, verb, description, ["ID"], (client, words, cancel) => client.PostAsync($"migrations/{Uri.EscapeDataString(words[0])}/{verb}", new JsonObject(), cancel));

    private static Command Start(CommandContext context)
    {
        var referrer = new Argument<string>("REFERRER") { Description = "Address of the contract to move from." };
        var users = new Option<string[]>("--user", "-u") { Description = "Move only this user; may be repeated.", HelpName = "USER" };
        var batch = new Option<int>("--batch-size") { Description = "Users in one transaction, 1 to 256.", DefaultValueFactory = _ => 100, HelpName = "N" };
        var retire = new Option<bool>("--retire-referrer") { Description = "End the old contract when all have moved." };
        var wait = new Option<bool>("--wait", "-w") { Description = "Wait until it is finished; exit code 0 only when it is completed and nobody was left behind." };
        var (tracker, json) = (SharedOptions.Tracker().Url(), SharedOptions.Json());
        var command = new Command("start", "Begin a migration.") { referrer, users, batch, retire, wait, tracker, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = new TrackerClient(parsed.GetRequiredValue(tracker)) { AdminToken = Environment.GetEnvironmentVariable("PBTS_ADMIN_TOKEN") };
            var names = parsed.GetValue(users) ?? [];
            var body = new JsonObject
            {
                ["referrer_address"] = parsed.GetRequiredValue(referrer),
                ["users"] = names.Length == 0 ? "all" : new JsonArray([.. names.Select(name => JsonValue.Create(name))]),
                ["batch_size"] = parsed.GetValue(batch),
                ["retire_referrer"] = parsed.GetValue(retire),
            };
            var result = await client.PostAsync("migrations", body, cancellationToken).ConfigureAwait(false);
            while (parsed.GetValue(wait) && result.IsSuccess && result.Text("state") is "pending" or "running" or "paused")
            {
                await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken).ConfigureAwait(false);
                result = await client.GetAsync($"migrations/{result.Text("id")}", cancellationToken).ConfigureAwait(false);
            }
            var code = context.Finish(result, parsed.GetValue(json));
            var failed = result.Body?.TryGetProperty("failed_count", out var count) == true && count.GetInt32() > 0;
            return code == ExitCodes.Success && parsed.GetValue(wait) && (failed || result.Text("state") != "completed") ? ExitCodes.Refused : code;
        });
        return command;
    }
}
