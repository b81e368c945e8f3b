using System.CommandLine;
using System.Text.Json.Nodes;
using Pbts.Cli.Commands;
using Pbts.Peer;
using Pbts.Protocol.Receipts;

namespace Pbts.Cli.Evidence;

/// <summary>Fetches what a member's totals are made of.</summary>
internal static class EvidenceCommand
{
    public static Command Create(CommandContext context)
    {
        var user = new Argument<string>("USER") { Description = "The user id." };
        var key = new Option<string?>("--key", "-k") { Description = "The member's key file. Without it the passkey is taken from the announce URL or PBTS_PASSKEY, or the administration's token from PBTS_ADMIN_TOKEN.", HelpName = "KEYFILE" };
        var output = new Option<string>("--out", "-o") { Description = "File to write; one that is there is replaced.", HelpName = "FILE", Required = true };
        var (tracker, json) = (SharedOptions.Tracker().Url(), SharedOptions.Json());
        var command = new Command("evidence", "Fetch what a member's totals are made of: every voucher as it was signed. pbts audit checks it.") { user, key, output, tracker, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var userId = parsed.GetRequiredValue(user);
            if (!UserId.TryParse(userId, out _))
                return context.Fail(ExitCodes.Usage, "USER: must be 1 to 64 visible characters without /");
            MemberIdentity? identity = null;
            if (parsed.GetValue(key) is { } keyFile && (identity = context.ReadKey(keyFile, out var exitCode)) is null)
                return exitCode;
            using (identity)
            using (var client = context.Administrator(parsed.GetRequiredValue(tracker), out var wrongToken, SharedOptions.Passkey()))
                return client is null ? wrongToken : await FetchAsync(context, client, userId, identity, parsed.GetRequiredValue(output), parsed.GetValue(json), cancellationToken).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<int> FetchAsync(
        CommandContext context, TrackerClient client, string userId, MemberIdentity? identity, string path, bool json, CancellationToken cancellationToken)
    {
        var progress = new AuditProgress(context);
        using var fetch = new EvidenceFetch(client, userId, identity, path, (done, all) => progress.Show((double)done / Math.Max(1, all), $"{done} vouchers"));
        var header = await fetch.RunAsync(cancellationToken).ConfigureAwait(false);
        progress.Clear();
        if (header is null)
            return context.Finish(fetch.Problem!, json);
        context.Print(new JsonObject
        {
            ["success"] = true,
            ["file"] = path,
            ["user_id"] = header.UserId,
            ["instance_id"] = header.Instance.ToString(),
            ["total_uploaded"] = header.TotalUploaded,
            ["total_downloaded"] = header.TotalDownloaded,
            ["vouchers"] = header.Vouchers.Count,
        }, json);
        return ExitCodes.Success;
    }
}
