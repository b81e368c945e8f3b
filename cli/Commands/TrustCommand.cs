using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pbts.Peer;
using Pbts.Protocol.Receipts;

namespace Pbts.Cli.Commands;

/// <summary>Trust scores, for the administration.</summary>
internal static class TrustCommand
{
    private const string Who = "as the administration (PBTS_ADMIN_TOKEN, or on the tracker's machine)";
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static Command Create(CommandContext context) =>
        new("trust", "Scores from who deals with whom, and members that deal among themselves.") { CreateStatus(context), CreateRun(context), CreateUser(context), CreateSeed(context) };

    private static Command CreateStatus(CommandContext context)
    {
        var limit = new Option<int>("--limit") { Description = "Most clusters to list, those with the most inner bytes first.", HelpName = "N", DefaultValueFactory = _ => 20 }.Between(1, 1000);
        var after = new Option<long>("--after") { Description = "List those after this one.", HelpName = "ID", DefaultValueFactory = _ => 0 };
        return Verb(context, "status", $"Show the last computation, seeds and clusters, {Who}.", [limit, after], (client, parsed, cancel) => client.GetAsync(
            string.Create(CultureInfo.InvariantCulture, $"trust?limit={parsed.GetValue(limit)}&after={Math.Max(0, parsed.GetValue(after))}"), cancel));
    }

    private static Command CreateRun(CommandContext context)
    {
        var wait = new Option<bool>("--wait") { Description = "Until it is done." };
        return Verb(context, "run", $"Compute all scores now, {Who}.", [wait], async (client, parsed, cancel) =>
        {
            var result = await client.PostAsync("trust", new JsonObject(), cancel).ConfigureAwait(false);
            while (parsed.GetValue(wait) && result.IsSuccess && result.Body?.GetProperty("running").ValueKind == JsonValueKind.True)
            {
                await Task.Delay(Pause, cancel).ConfigureAwait(false);
                result = await client.GetAsync("trust?limit=1", cancel).ConfigureAwait(false);
            }

            return result.Text("problem") is { } problem && parsed.GetValue(wait) ? result with { Error = problem } : result;
        });
    }

    private static Command CreateUser(CommandContext context)
    {
        var user = Member();
        return Verb(context, "user", $"Show a member's score, {Who}.", [user], (client, parsed, cancel) => client.GetAsync($"user/{Name(parsed, user)}/trust-score", cancel));
    }

    private static Command CreateSeed(CommandContext context)
    {
        var (user, remove) = (Member(), new Option<bool>("--remove") { Description = "Mark it no more." });
        return Verb(context, "seed", $"Mark a member as one whose word the scores begin with, {Who}. It counts from the next computation on.", [user, remove], (client, parsed, cancel) =>
            parsed.GetValue(remove) ? client.DeleteAsync($"user/{Name(parsed, user)}/trust-seed", cancel) : client.PutAsync($"user/{Name(parsed, user)}/trust-seed", new JsonObject(), cancel));
    }

    private static Command Verb(CommandContext context, string name, string description, Symbol[] words, Func<TrackerClient, ParseResult, CancellationToken, Task<ApiResult>> call) =>
        ApiVerb.Create(context, (string url, out int exitCode) => context.Administrator(url, out exitCode), name, description, words, call);

    private static Argument<string> Member()
    {
        var user = new Argument<string>("USER") { Description = "The user id." };
        // A path of dots is never sent: it means a folder.
        user.Validators.Add(result =>
        {
            if (result.Tokens is [var token, ..] && !UserId.TryParse(token.Value, out _))
                result.AddError("USER: must be 1 to 64 visible characters without /");
        });
        return user;
    }

    private static string Name(ParseResult parsed, Argument<string> user) => Uri.EscapeDataString(parsed.GetRequiredValue(user));
}
