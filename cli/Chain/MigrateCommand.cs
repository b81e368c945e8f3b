using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Pbts.Cli.Commands;
using Pbts.Peer;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Cli.Chain;

/// <summary>Moves of members from one contract to the next; needs PBTS_ADMIN_TOKEN or the tracker's machine.</summary>
internal static class MigrateCommand
{
    /// <summary>How long a tracker that was there may be away while somebody waits for the end: its silos may be restarting.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    public static Command Create(CommandContext context) => new("migrate", "Move the members to a new contract.")
    {
        Start(context),
        Watch(context),
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
        var batch = new Option<int>("--batch-size") { Description = "Users in one transaction, 1 to 256.", DefaultValueFactory = _ => 100, HelpName = "N" }.Between(1, 256);
        var retire = new Option<bool>("--retire-referrer") { Description = "End the old contract when all have moved." };
        var method = new Option<string?>("--method") { Description = "records: copy each record. anchor: by the root of all members' totals that the old contract anchored. Left out: anchor where it has one and everybody moves.", HelpName = "METHOD" };
        method.AcceptOnlyFromAmong("anchor", "records");
        var claims = new Option<string?>("--claims") { Description = "By anchor: lazy takes over who brings a proof; all takes over everybody by a transaction each, where this tracker anchored the root. Left out: lazy.", HelpName = "WHO" };
        claims.AcceptOnlyFromAmong("lazy", "all");
        var wait = new Option<bool>("--wait", "-w") { Description = "Show the progress and wait for the end; exit code 0 only when it is completed and nobody was left behind." };
        var (tracker, json) = (SharedOptions.Tracker().Url(), SharedOptions.Json());
        var command = new Command("start", "Begin a migration.") { referrer, users, batch, retire, method, claims, wait, tracker, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Administrator(parsed.GetRequiredValue(tracker), out var exitCode);
            if (client is null)
                return exitCode;
            var names = parsed.GetValue(users) ?? [];
            var body = new JsonObject
            {
                ["referrer_address"] = parsed.GetRequiredValue(referrer),
                ["users"] = names.Length == 0 ? "all" : new JsonArray([.. names.Select(name => JsonValue.Create(name))]),
                ["batch_size"] = parsed.GetValue(batch),
                ["retire_referrer"] = parsed.GetValue(retire),
                ["method"] = parsed.GetValue(method),
                ["claims"] = parsed.GetValue(claims),
            };
            var result = await client.PostAsync("migrations", body, cancellationToken).ConfigureAwait(false);
            return parsed.GetValue(wait) && result.IsSuccess
                ? await FollowAsync(context, client, result, parsed.GetValue(json), cancellationToken).ConfigureAwait(false)
                : context.Finish(result, parsed.GetValue(json));
        });
        return command;
    }

    private static Command Watch(CommandContext context)
    {
        var id = new Argument<string>("ID") { Description = "The migration, as start and list name it." };
        var (tracker, json) = (SharedOptions.Tracker().Url(), SharedOptions.Json());
        var command = new Command("watch", "Show the progress of a migration until it ends; the exit code is that of start --wait.") { id, tracker, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Administrator(parsed.GetRequiredValue(tracker), out var exitCode);
            if (client is null)
                return exitCode;
            var result = await client.GetAsync($"migrations/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}", cancellationToken).ConfigureAwait(false);
            return result.IsSuccess
                ? await FollowAsync(context, client, result, parsed.GetValue(json), cancellationToken).ConfigureAwait(false)
                : context.Finish(result, parsed.GetValue(json));
        });
        return command;
    }

    /// <summary>Waits for the end, drawing on standard error, and prints the end. A tracker that is away for a while is waited for.</summary>
    private static async Task<int> FollowAsync(CommandContext context, TrackerClient client, ApiResult result, bool json, CancellationToken cancellationToken)
    {
        var progress = new MigrationProgress(context.Error, !Console.IsErrorRedirected && ReferenceEquals(context.Error, Console.Error));
        var id = result.Text("id");
        for (var silent = Stopwatch.StartNew(); silent.Elapsed < Patience;)
        {
            if (result.IsSuccess)
            {
                silent.Restart();
                if (!json)
                    progress.Show(result);
                if (!MigrationProgress.IsUnderWay(result))
                    break;
            }
            else if (!result.IsUnreachable && result.Status != 503)
            {
                break;
            }
            await Task.Delay(Interval, cancellationToken).ConfigureAwait(false);
            result = await client.GetAsync($"migrations/{id}", cancellationToken).ConfigureAwait(false);
        }
        var code = context.Finish(result, json);
        var failed = result.Body?.TryGetProperty("failed_count", out var count) == true && count.GetInt32() > 0;
        return code == ExitCodes.Success && (failed || result.Text("state") != MigrationState.Completed.ToText()) ? ExitCodes.Refused : code;
    }
}
