using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pbts.Peer;
using Pbts.Protocol.Storage;

namespace Pbts.Cli.Commands;

internal static class ReportCommand
{
    public static Command Create(CommandContext context)
    {
        var file = new Option<string?>("--file") { Description = "JSON file with an array of receipts (or an object with 'receipts', 'vouchers' or both, as attest prints) to send instead.", HelpName = "FILE" };
        var (user, key, tracker, json, state) = (SharedOptions.User(), SharedOptions.Key(), SharedOptions.Tracker().Url(), SharedOptions.Json(), PeerCommandOptions.StateOption());
        var command = new Command("report", "Report the receipts and vouchers that seed and get earned and could not report yet. A passkey, where the tracker wants one, is taken from the announce URL or PBTS_PASSKEY.") { user, key, file, tracker, state, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var identity = context.ReadKey(parsed.GetRequiredValue(key), out var exitCode);
            if (identity is null)
                return exitCode;
            using var client = new TrackerClient(parsed.GetRequiredValue(tracker), SharedOptions.Passkey()) { Member = (parsed.GetRequiredValue(user), identity) };
            if (parsed.GetValue(file) is { } path)
                return await ReportFileAsync(context, client, path, parsed.GetValue(json), cancellationToken).ConfigureAwait(false);
            return await ReportWaitingAsync(context, client, PeerCommandOptions.StateFolder(parsed.GetValue(state), identity), parsed.GetValue(json), cancellationToken).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<int> ReportFileAsync(CommandContext context, TrackerClient client, string path, bool json, CancellationToken cancellationToken)
    {
        JsonNode? receipts, vouchers = null;
        try
        {
            receipts = JsonNode.Parse(BoundedFile.Read(path, BoundedFile.MaxDocument));
            if (receipts is JsonObject both)
                (receipts, vouchers) = (both["receipts"] ?? (both["vouchers"] is null ? null : new JsonArray()), both["vouchers"]);
        }
        catch (JsonException)
        {
            return context.Fail(ExitCodes.File, $"{path}: not JSON");
        }
        if (receipts is not JsonArray array || vouchers is not (null or JsonArray))
            return context.Fail(ExitCodes.File, $"{path}: no array of receipts, alone or as 'receipts' of an object, or of vouchers as its 'vouchers'");
        return context.Finish(await client.ReportAsync(array.DeepClone().AsArray(), cancellationToken, vouchers?.DeepClone().AsArray()).ConfigureAwait(false), json);
    }

    private static async Task<int> ReportWaitingAsync(CommandContext context, TrackerClient client, string folder, bool json, CancellationToken cancellationToken)
    {
        var report = await JournalReport.SendAsync(client, folder, context.Say, cancellationToken).ConfigureAwait(false);
        context.Print(new JsonObject
        {
            ["credited"] = report.ReceiptsCredited, ["refused"] = report.ReceiptsRefused, ["waiting"] = report.ReceiptsWaiting,
            ["voucher_bytes_credited"] = report.VoucherBytesCredited, ["vouchers_refused"] = report.VouchersRefused, ["vouchers_waiting"] = report.VouchersWaiting,
        }, json);
        return report.IsProcessed ? ExitCodes.Success : report.IsUnreachable ? ExitCodes.Unreachable : ExitCodes.Refused;
    }
}
