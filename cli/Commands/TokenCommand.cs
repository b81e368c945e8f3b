using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Pbts.Cli.Commands;

/// <summary>Tokens for programs, made by the administration.</summary>
internal static class TokenCommand
{
    private const string Who = "as the administration (PBTS_ADMIN_TOKEN, or on the tracker's machine)";

    public static Command Create(CommandContext context) =>
        new("token", "Let programs do what they need at the tracker, and no more.") { CreateCreate(context), CreateList(context), CreateRevoke(context) };

    private static Command CreateCreate(CommandContext context)
    {
        var name = new Argument<string>("NAME") { Description = "What it is for." };
        var scopes = new Option<string[]>("--scope") { Description = "What it may do; may be repeated: admin, site:read, site:write, stats:read, evidence:read.", HelpName = "SCOPE", Required = true };
        scopes.AcceptOnlyFromAmong("admin", "site:read", "site:write", "stats:read", "evidence:read");
        return ApiVerb.Create(context, (string url, out int exitCode) => context.Administrator(url, out exitCode), "create", $"Make a token, {Who}. It is printed once and never again.", [name, scopes], (client, parsed, cancel) => client.PostAsync(
            "api/v1/tokens", new JsonObject { ["name"] = parsed.GetValue(name), ["scopes"] = new JsonArray([.. parsed.GetRequiredValue(scopes).Select(scope => JsonValue.Create(scope))]) }, cancel));
    }

    private static Command CreateList(CommandContext context) =>
        ApiVerb.Create(context, (string url, out int exitCode) => context.Administrator(url, out exitCode), "list", $"List tokens, what they may do and when they were used last, {Who}.", [], (client, _, cancel) => client.GetAsync("api/v1/tokens", cancel));

    private static Command CreateRevoke(CommandContext context)
    {
        var id = new Argument<long>("ID") { Description = "The token, as create and list name it." };
        return ApiVerb.Create(context, (string url, out int exitCode) => context.Administrator(url, out exitCode), "revoke", $"End a token, {Who}.", [id], (client, parsed, cancel) =>
            client.DeleteAsync($"api/v1/tokens/{parsed.GetValue(id).ToString(CultureInfo.InvariantCulture)}", cancel));
    }
}
