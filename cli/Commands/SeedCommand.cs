using System.CommandLine;
using System.Text.Json.Nodes;

namespace Pbts.Cli.Commands;

internal static class SeedCommand
{
    public static Command Create(CommandContext context)
    {
        var seconds = new Option<int?>("--seconds") { Description = "Stop after so long; by default at Ctrl-C.", HelpName = "SECONDS" }.Between(1, SharedOptions.MaxSeconds);
        var options = new PeerCommandOptions();
        var command = new Command("seed", "Share a complete torrent until Ctrl-C, and report the receipts that peers sign for it.") { seconds };
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => options.RunAsync(context, parsed, writable: false, async (peer, quiet) =>
        {
            var session = peer.Session;
            if (!session.Completed.IsCompleted)
                return context.Fail(ExitCodes.File, $"{session.Left} of {session.Torrent.TotalLength} bytes are missing or wrong; get fetches them");
            if (!quiet)
                context.Say($"seeding {session.Torrent.Name} ({session.Torrent.InfoHash}) on port {session.ListenPort}");
            var limit = parsed.GetValue(seconds) is { } n ? TimeSpan.FromSeconds(n) : Timeout.InfiniteTimeSpan;
            try
            {
                await Task.WhenAny(Task.Delay(limit, cancellationToken), session.Failed, peer.Refused).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // Ctrl-C is how a seed ends.
            }
            await peer.StopAsync().ConfigureAwait(false);
            context.Print(new JsonObject
            {
                ["uploaded"] = session.Uploaded,
                ["receipts_earned"] = session.Receipts.EarnedCount,
                ["bytes_earned"] = session.Receipts.EarnedBytes,
                ["receipts_credited"] = peer.Reporter?.Accepted ?? 0,
                ["receipts_refused"] = peer.Reporter?.Refused ?? 0,
                ["receipts_waiting"] = session.Receipts.ToReport.Count,
                ["vouchers_taken"] = session.Receipts.Vouchers?.Count.Taken ?? 0,
                ["voucher_bytes"] = session.Receipts.Vouchers?.EarnedBytes ?? 0,
                ["voucher_bytes_credited"] = peer.VoucherReporter?.Credited ?? 0,
                ["vouchers_waiting"] = session.Receipts.Vouchers?.Earned.Waiting ?? 0,
            }, parsed.GetValue(options.Json));
            if (session.Failure is not null)
                return context.Fail(ExitCodes.File, session.Failure);
            return peer.Refused.IsCompleted ? context.Fail(ExitCodes.Refused, $"the tracker refuses: {await peer.Refused.ConfigureAwait(false)}") : ExitCodes.Success;
        }, cancellationToken));
        return command;
    }
}
