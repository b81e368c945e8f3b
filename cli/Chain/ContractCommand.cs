using System.CommandLine;
using System.Text.Json.Nodes;
using Pbts.Cli.Commands;
using Pbts.Peer;

namespace Pbts.Cli.Chain;

/// <summary>The operators' requests about the tracker's contract; what changes something needs PBTS_ADMIN_TOKEN or the tracker's machine.</summary>
internal static class ContractCommand
{
    private const string Wait = "?wait=25";

    private static readonly Dictionary<string, string> Meanings = new()
    {
        ["USER"] = "The user id.",
        ["TX"] = "The transaction's hash, or its id as the answer names it.",
        ["REFERRER"] = "Address of the predecessor, or none.",
        ["PASSWORD_HASH"] = "1 to 64 hexadecimal digits; public on the chain, so never of a weak password.",
        ["SALT"] = "The hash's salt; public too.",
        ["DOWNLOADED"] = "Bytes.",
        ["UPLOADED"] = "Bytes.",
        ["ID"] = "The migration, as start and list name it.",
    };

    public static Command Create(CommandContext context) => new("contract", "Look at and administer the tracker's Reputation contract.")
    {
        Verb(context, "status", "How the tracker stands to the chain.", [], (client, _, cancel) => client.GetAsync("contract/status", cancel)),
        Verb(context, "user", "A user as the contract holds it.", ["USER"], (client, words, cancel) => client.GetAsync($"contract/user/{Uri.EscapeDataString(words[0])}", cancel)),
        Verb(context, "tx", "What became of a transaction.", ["TX"], (client, words, cancel) => client.GetAsync($"contract/tx/{Uri.EscapeDataString(words[0])}", cancel)),
        Verb(context, "init", "Deploy a new contract; REFERRER is its predecessor or 'none'.", ["REFERRER"], (client, words, cancel) =>
            client.PostAsync("contract/init" + Wait, words[0] == "none" ? new JsonObject() : new JsonObject { ["referrer_address"] = words[0] }, cancel)),
        Verb(context, "register", "Add a user.", ["USER", "PASSWORD_HASH", "SALT"], (client, words, cancel) =>
            client.PostAsync("contract/register" + Wait, new JsonObject { ["username"] = words[0], ["password_hash"] = words[1], ["salt"] = words[2] }, cancel)),
        Verb(context, "update", "Set a user's totals in bytes.", ["USER", "DOWNLOADED", "UPLOADED"], (client, words, cancel) =>
            client.PostAsync("contract/update" + Wait, new JsonObject { ["username"] = words[0], ["download_size"] = Number(words[1]), ["upload_size"] = Number(words[2]) }, cancel)),
        Verb(context, "migrate", "Take one user over from the referrer.", ["USER"], (client, words, cancel) =>
            client.PostAsync("contract/migrate" + Wait, new JsonObject { ["username"] = words[0] }, cancel)),
        Verb(context, "anchor", "Anchor the root of all members' proven totals now.", [], (client, _, cancel) => client.PostAsync("contract/anchor" + Wait, new JsonObject(), cancel)),
        Verb(context, "approve", "Let the sync add a member to the contract, whoever has signed for it.", ["USER"], (client, words, cancel) => StandAsync(client, words[0], "approve", cancel)),
        Verb(context, "link", "Say that the contract's record of this name is the member's, whatever key it has.", ["USER"], (client, words, cancel) => StandAsync(client, words[0], "link", cancel)),
        Verb(context, "revoke", "Take back approve and link; what is written stays.", ["USER"], (client, words, cancel) => StandAsync(client, words[0], "revoke", cancel)),
    };

    private static Task<ApiResult> StandAsync(TrackerClient client, string user, string change, CancellationToken cancellationToken) =>
        client.PostAsync($"contract/members/{Uri.EscapeDataString(user)}/{change}", new JsonObject(), cancellationToken);

    /// <summary>A verb whose arguments are plain words and whose answer is printed as it comes.</summary>
    internal static Command Verb(
        CommandContext context, string name, string description, string[] words, Func<TrackerClient, string[], CancellationToken, Task<ApiResult>> call)
    {
        var arguments = words.Select(word => new Argument<string>(word) { Description = Meanings[word] }).ToArray();
        var (tracker, json) = (SharedOptions.Tracker().Url(), SharedOptions.Json());
        var command = new Command(name, description) { tracker, json };
        foreach (var argument in arguments)
            command.Add(argument);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Administrator(parsed.GetRequiredValue(tracker), out var exitCode);
            if (client is null)
                return exitCode;
            var result = await call(client, [.. arguments.Select(argument => parsed.GetRequiredValue(argument))], cancellationToken).ConfigureAwait(false);
            return context.Finish(result, parsed.GetValue(json));
        });
        return command;
    }

    private static JsonNode Number(string text) => ulong.TryParse(text, out var number) ? number : text;
}
