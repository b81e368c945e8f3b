using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pbts.Peer;
using Pbts.Peer.Exchange;
using Pbts.Peer.Tracker;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Storage;
using Pbts.Protocol.Vouchers;

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
        var (accepted, refused, waiting, processed) = (0, 0, 0, true);
        foreach (var journal in Files("*.earned"))
        {
            using var pending = new PendingReceipts(journal);
            var reporter = new ReceiptReporter(pending, client.ReportAsync, (_, _) => { }, context.Say, TimeProvider.System);
            processed &= await reporter.ReportAsync(cancellationToken).ConfigureAwait(false);
            accepted += reporter.Accepted;
            refused += reporter.Refused;
            waiting += pending.Count;
        }

        var (vouchersRefused, vouchersWaiting, credited, away) = (0, 0, 0L, false);
        using var tracker = TrackerSet.Of(client);
        foreach (var journal in Files("*.vouchers"))
        {
            using var earned = new EarnedVouchers(journal);
            var reporter = new VoucherReporter(earned, ReportVouchersAsync, (_, _) => { }, context.Say, TimeProvider.System);
            processed &= await reporter.ReportAsync(cancellationToken).ConfigureAwait(false);
            credited += reporter.Credited;
            vouchersRefused += reporter.Refused;
            vouchersWaiting += earned.Waiting;
        }

        context.Print(new JsonObject
        {
            ["credited"] = accepted, ["refused"] = refused, ["waiting"] = waiting,
            ["voucher_bytes_credited"] = credited, ["vouchers_refused"] = vouchersRefused, ["vouchers_waiting"] = vouchersWaiting,
        }, json);
        if (processed)
            return ExitCodes.Success;
        return away || client.LastReport is { IsUnreachable: true } ? ExitCodes.Unreachable : ExitCodes.Refused;

        async Task<ApiResult> ReportVouchersAsync(IReadOnlyCollection<Voucher> vouchers, CancellationToken cancelled)
        {
            var answer = await tracker.ReportVouchersAsync(vouchers, cancelled).ConfigureAwait(false);
            away |= answer.IsUnreachable;
            return answer;
        }

        string[] Files(string pattern) => Directory.Exists(folder) ? Directory.GetFiles(folder, pattern) : [];
    }
}
