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
        command.SetAction((parsed, cancellationToken) => options.RunAsync(context, parsed, writable: true, async (peer, quiet) =>
        {
            var session = peer.Session;
            var clock = Stopwatch.StartNew();
            var limit = parsed.GetValue(timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : Timeout.InfiniteTimeSpan;
            if (await DownloadAsync(context, peer, quiet || parsed.GetValue(options.Json), limit, cancellationToken).ConfigureAwait(false) is not ExitCodes.Success and var failed)
                return failed;
            var elapsed = clock.Elapsed;
            var delivered = await peer.DeliverReceiptsAsync(TimeSpan.FromSeconds(parsed.GetValue(receiptTimeout)), cancellationToken).ConfigureAwait(false);
            var withReceipts = clock.Elapsed;
            await peer.StopAsync().ConfigureAwait(false);
            context.Print(new JsonObject
            {
                ["complete"] = true,
                ["bytes"] = session.Torrent.TotalLength,
                ["downloaded"] = session.Downloaded,
                ["uploaded"] = session.Uploaded,
                ["wasted"] = session.Wasted,
                ["seconds"] = Math.Round(elapsed.TotalSeconds, 3),
                ["seconds_with_receipts"] = Math.Round(withReceipts.TotalSeconds, 3),
                ["receipts_signed"] = session.Receipts.SignedCount,
                ["bytes_signed"] = session.Receipts.SignedBytes,
                ["receipts_undelivered"] = session.Receipts.ToDeliver.Count,
                ["vouchers_signed"] = session.Receipts.Vouchers?.Count.Signed ?? 0,
                ["vouchers_undelivered"] = session.Receipts.Vouchers?.Undelivered.Count ?? 0,
                ["bytes_earned"] = session.Receipts.EarnedBytes,
                ["receipts_credited"] = peer.Reporter?.Accepted ?? 0,
            }, parsed.GetValue(options.Json));
            return delivered ? ExitCodes.Success
                : context.Fail(ExitCodes.TimedOut, $"{session.Receipts.ToDeliver.Count + (session.Receipts.Vouchers?.Undelivered.Count ?? 0)} receipts and vouchers are not delivered; run get again when the uploader is back");
        }, cancellationToken));
        return command;
    }

    /// <summary>Waits for the end of the download, and says why there is none; gives the exit code.</summary>
    private static async Task<int> DownloadAsync(CommandContext context, TorrentPeer peer, bool quiet, TimeSpan limit, CancellationToken cancellationToken)
    {
        var session = peer.Session;
        var deadline = limit == Timeout.InfiniteTimeSpan ? (DateTimeOffset?)null : DateTimeOffset.UtcNow + limit;
        while (!session.Completed.IsCompleted)
        {
            if (DateTimeOffset.UtcNow > deadline)
                return context.Fail(ExitCodes.TimedOut, $"not complete after {limit.TotalSeconds:0} s: {session.Left} bytes left");
            if (peer.Refused.IsCompleted)
                return context.Fail(ExitCodes.Refused, $"the tracker refuses: {await peer.Refused.ConfigureAwait(false)}");
            await Task.WhenAny(session.Completed, peer.Refused, Task.Delay(1000, cancellationToken)).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (!quiet)
            {
                var done = session.Torrent.TotalLength - session.Left;
                context.Say($"{100.0 * done / session.Torrent.TotalLength,5:0.0} %  {done} of {session.Torrent.TotalLength} bytes, {session.PeerCount} peers");
            }
        }
        // A disk that refuses ends the download with its own error.
        await session.Completed.ConfigureAwait(false);
        return ExitCodes.Success;
    }
}
