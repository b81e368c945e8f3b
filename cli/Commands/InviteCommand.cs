using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Pbts.Cli.Commands;

/// <summary>Invites, of the administration or of a member that has some to give.</summary>
internal static class InviteCommand
{
    private const string Who = "as the member whose passkey is in --tracker or PBTS_PASSKEY, or as the administration (PBTS_ADMIN_TOKEN, or on the tracker's machine)";

    public static Command Create(CommandContext context) =>
        new("invite", "Let others become members.") { CreateCreate(context), CreateList(context), CreateRevoke(context) };

    private static Command CreateCreate(CommandContext context)
    {
        var uses = new Option<int>("--uses") { Description = "How many may come by it.", HelpName = "N", DefaultValueFactory = _ => 1 }.Between(1, 10_000);
        var expires = new Option<int>("--expires") { Description = "Seconds until it expires.", HelpName = "SECONDS", DefaultValueFactory = _ => 7 * 86400 }.Between(60, 366 * 86400);
        return ApiVerb.Create(context, context.MemberOrAdministrator, "create", $"Make an invite, {Who}. Its token is printed once and never again.", [uses, expires], (client, parsed, cancel) =>
            client.PostAsync("invites", new JsonObject { ["uses"] = parsed.GetValue(uses), ["expires"] = parsed.GetValue(expires) }, cancel));
    }

    private static Command CreateList(CommandContext context)
    {
        var limit = new Option<int>("--limit") { Description = "Most invites to list, newest first.", HelpName = "N", DefaultValueFactory = _ => 100 }.Between(1, 1000);
        return ApiVerb.Create(context, context.MemberOrAdministrator, "list", $"List a member's own invites, or all for the administration, {Who}.", [limit], (client, parsed, cancel) =>
            client.GetAsync($"invites?limit={parsed.GetValue(limit).ToString(CultureInfo.InvariantCulture)}", cancel));
    }

    private static Command CreateRevoke(CommandContext context)
    {
        var id = new Argument<long>("ID") { Description = "The invite, as create and list name it." };
        return ApiVerb.Create(context, context.MemberOrAdministrator, "revoke", $"End an invite, {Who}. Who came by it stays.", [id], (client, parsed, cancel) =>
            client.DeleteAsync($"invites/{parsed.GetValue(id).ToString(CultureInfo.InvariantCulture)}", cancel));
    }
}
