using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Pbts.Peer;

namespace Pbts.Cli.Commands;

internal static class GetCommand
{
    public static Command Create(CommandContext context)
    {
        var timeout = new Option<int?>("--timeout") { Description = "Give up when the download takes longer; what is there stays and is used next time.", HelpName = "SECONDS" }.Between(1, SharedOptions.MaxSeconds);
        var receiptTimeout = new Option<int>("--receipt-timeout")
        {
            Description = "Time to deliver the receipts after the download.", HelpName = "SECONDS", DefaultValueFactory = _ => 60,
        }.Between(0, SharedOptions.MaxSeconds);
        var options = new PeerCommandOptions();
        var command = new Command("get",
            "Download a torrent. Ends with 0 when it is complete and verified and its receipts are delivered; goes on where it stopped.")
        {
            timeout, receiptTimeout,
        };
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => options.RunAsync(context, parsed, fetches: true, async (peer, quiet) =>
        {
            var clock = Stopwatch.StartNew();
            var limit = parsed.GetValue(timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : Timeout.InfiniteTimeSpan;
            if (await DownloadAsync(context, peer, quiet || parsed.GetValue(options.Json), limit, cancellationToken).ConfigureAwait(false) is not ExitCodes.Success and var failed)
                return failed;
            var elapsed = clock.Elapsed;
            var delivered = await peer.DeliverReceiptsAsync(TimeSpan.FromSeconds(parsed.GetValue(receiptTimeout)), cancellationToken).ConfigureAwait(false);
            var withReceipts = clock.Elapsed;
            await peer.StopAsync().ConfigureAwait(false);
            var done = peer.Progress;
            context.Print(new JsonObject
            {
                ["complete"] = true,
                ["bytes"] = peer.Torrent.TotalLength,
                ["downloaded"] = done.Downloaded,
                ["uploaded"] = done.Uploaded,
                ["wasted"] = done.Wasted,
                ["seconds"] = Math.Round(elapsed.TotalSeconds, 3),
                ["seconds_with_receipts"] = Math.Round(withReceipts.TotalSeconds, 3),
                ["receipts_signed"] = done.ReceiptsSigned,
                ["bytes_signed"] = done.BytesSigned,
                ["receipts_undelivered"] = done.ReceiptsUndelivered,
                ["vouchers_signed"] = done.VouchersSigned,
                ["vouchers_undelivered"] = done.VouchersUndelivered,
                ["bytes_earned"] = done.BytesEarned,
                ["receipts_credited"] = done.ReceiptsCredited,
            }, parsed.GetValue(options.Json));
            return delivered ? ExitCodes.Success
                : context.Fail(ExitCodes.TimedOut, $"{done.ReceiptsUndelivered + done.VouchersUndelivered} receipts and vouchers are not delivered; run get again when the uploader is back");
        }, cancellationToken));
        return command;
    }

    /// <summary>Waits for the end of the download, and says why there is none; gives the exit code.</summary>
    private static async Task<int> DownloadAsync(CommandContext context, TorrentPeer peer, bool quiet, TimeSpan limit, CancellationToken cancellationToken)
    {
        var deadline = limit == Timeout.InfiniteTimeSpan ? (DateTimeOffset?)null : DateTimeOffset.UtcNow + limit;
        while (!peer.Completed.IsCompleted)
        {
            if (DateTimeOffset.UtcNow > deadline)
                return context.Fail(ExitCodes.TimedOut, $"not complete after {limit.TotalSeconds:0} s: {peer.Progress.Left} bytes left");
            if (peer.Refused.IsCompleted)
                return context.Fail(ExitCodes.Refused, $"the tracker refuses: {await peer.Refused.ConfigureAwait(false)}");
            await Task.WhenAny(peer.Completed, peer.Refused, Task.Delay(1000, cancellationToken)).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (!quiet)
            {
                var (progress, total) = (peer.Progress, peer.Torrent.TotalLength);
                context.Say($"{100.0 * (total - progress.Left) / total,5:0.0} %  {total - progress.Left} of {total} bytes, {progress.Peers} peers");
            }
        }
        // A disk that refuses ends the download with its own error.
        await peer.Completed.ConfigureAwait(false);
        return ExitCodes.Success;
    }
}
