using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pbts.Cli.Keys;
using Pbts.Cli.Peers;
using Pbts.Cli.Tracker;
using Pbts.Protocol.Bep10;

namespace Pbts.Cli.Commands;

internal static class ReportCommand
{
    public static Command Create(CommandContext context)
    {
        var file = new Option<string?>("--file") { Description = "JSON file with an array of receipts (or an object with 'receipts') to send instead.", HelpName = "FILE" };
        var (user, key, tracker, json, state) = (SharedOptions.User(), SharedOptions.Key(), SharedOptions.Tracker().Url(), SharedOptions.Json(), PeerCommandOptions.StateOption());
        var command = new Command("report", "Report the receipts that seed and get earned and could not report yet. A passkey, where the tracker wants one, is taken from the announce URL or PBTS_PASSKEY.") { user, key, file, tracker, state, json };
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
        JsonNode? receipts;
        try
        {
            var content = JsonNode.Parse(BoundedFile.Read(path, BoundedFile.MaxDocument));
            receipts = content is JsonObject { } wrapper ? wrapper["receipts"] : content;
        }
        catch (JsonException)
        {
            return context.Fail(ExitCodes.File, $"{path}: not JSON");
        }
        if (receipts is not JsonArray array)
            return context.Fail(ExitCodes.File, $"{path}: no array of receipts, alone or as 'receipts' of an object");
        return context.Finish(await client.ReportAsync(array.DeepClone().AsArray(), cancellationToken).ConfigureAwait(false), json);
    }

    private static async Task<int> ReportWaitingAsync(CommandContext context, TrackerClient client, string folder, bool json, CancellationToken cancellationToken)
    {
        var (accepted, refused, waiting, processed) = (0, 0, 0, true);
        foreach (var journal in Directory.Exists(folder) ? Directory.GetFiles(folder, "*.earned") : [])
        {
            using var pending = new PendingReceipts(journal);
            var reporter = new ReceiptReporter(pending, client.ReportAsync, (_, _) => { }, context.Say, TimeProvider.System);
            processed &= await reporter.ReportAsync(cancellationToken).ConfigureAwait(false);
            accepted += reporter.Accepted;
            refused += reporter.Refused;
            waiting += pending.Count;
        }
        context.Print(new JsonObject { ["credited"] = accepted, ["refused"] = refused, ["waiting"] = waiting }, json);
        if (processed)
            return ExitCodes.Success;
        return client.LastReport is { IsUnreachable: true } ? ExitCodes.Unreachable : ExitCodes.Refused;
    }
}
