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
        command.SetAction((parsed, cancellationToken) => options.RunAsync(context, parsed, fetches: false, async (peer, quiet) =>
        {
            if (!peer.Completed.IsCompleted)
                return context.Fail(ExitCodes.File, $"{peer.Progress.Left} of {peer.Torrent.TotalLength} bytes are missing or wrong; get fetches them");
            if (!quiet)
                context.Say($"seeding {peer.Torrent.Name} ({peer.Torrent.InfoHash}) on port {peer.Port}");
            var limit = parsed.GetValue(seconds) is { } n ? TimeSpan.FromSeconds(n) : Timeout.InfiniteTimeSpan;
            try
            {
                await Task.WhenAny(Task.Delay(limit, cancellationToken), peer.Failed, peer.Refused).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // Ctrl-C is how a seed ends.
            }
            await peer.StopAsync().ConfigureAwait(false);
            var done = peer.Progress;
            context.Print(new JsonObject
            {
                ["uploaded"] = done.Uploaded,
                ["receipts_earned"] = done.ReceiptsEarned,
                ["bytes_earned"] = done.BytesEarned,
                ["receipts_credited"] = done.ReceiptsCredited,
                ["receipts_refused"] = done.ReceiptsRefused,
                ["receipts_waiting"] = done.ReceiptsWaiting,
                ["vouchers_taken"] = done.VouchersTaken,
                ["voucher_bytes"] = done.VoucherBytes,
                ["voucher_bytes_credited"] = done.VoucherBytesCredited,
                ["vouchers_waiting"] = done.VouchersWaiting,
            }, parsed.GetValue(options.Json));
            if (peer.Failure is { } failure)
                return context.Fail(ExitCodes.File, failure);
            return peer.Refused.IsCompleted ? context.Fail(ExitCodes.Refused, $"the tracker refuses: {await peer.Refused.ConfigureAwait(false)}") : ExitCodes.Success;
        }, cancellationToken));
        return command;
    }
}
