using System.Text.Json;
using Pbts.Cli.Tracker;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;

namespace Pbts.Cli.Peers;

/// <summary>Hands earned receipts to the tracker and settles what it has decided. What it has not answered stays and is sent again.</summary>
/// <param name="pending">The earned receipts.</param>
/// <param name="tracker">The tracker; its member is the reporter.</param>
/// <param name="distrust">Told of receivers whose receipts are worth nothing.</param>
/// <param name="log">Told what happened.</param>
internal sealed class ReceiptReporter(PendingReceipts pending, TrackerClient tracker, Action<MemberKey> distrust, Action<string> log)
{
    /// <summary>The most a tracker takes in one report.</summary>
    public const int MaxReport = 1000;

    private readonly HashSet<ReceiptId> _deferred = [];

    /// <summary>Receipts credited by the tracker.</summary>
    public int Accepted { get; private set; }

    /// <summary>Receipts refused for good.</summary>
    public int Refused { get; private set; }

    /// <summary>Reports whenever a report is due, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var pause = TimeSpan.FromMilliseconds(500);
        while (true)
        {
            await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
            if (!pending.ShouldReport() || await ReportAsync(cancellationToken).ConfigureAwait(false))
                pause = TimeSpan.FromMilliseconds(500);
            else
                pause = TimeSpan.FromSeconds(Math.Min(pause.TotalSeconds * 2, 60));
        }
    }

    /// <summary>Reports everything there is; <c>false</c> when the tracker did not process it.</summary>
    public async Task<bool> ReportAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var batch = pending.Peek().Where(r => !_deferred.Contains(r.Id)).Take(MaxReport).ToArray();
            if (batch.Length == 0)
                return true;
            var answer = await tracker.ReportAsync(batch, cancellationToken).ConfigureAwait(false);
            if (!answer.IsSuccess)
            {
                log($"report of {batch.Length} receipts: {answer.Error}");
                return false;
            }
            if (!Settle(batch, answer, out var busy))
            {
                log("report: the tracker's answer has no result for each receipt");
                return false;
            }
            if (busy == 0)
                continue;
            log($"report: {busy} of {batch.Length} receipts are to be sent again");
            if (busy == batch.Length)
                return false;
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken).ConfigureAwait(false);
        }
    }

    private bool Settle(Receipt[] batch, ApiResult answer, out int busy)
    {
        busy = 0;
        if (answer.Body is not { ValueKind: JsonValueKind.Object } body || !body.TryGetProperty("results", out var results)
            || results.ValueKind != JsonValueKind.Array || results.GetArrayLength() != batch.Length)
            return false;
        var done = new List<ReceiptId>();
        foreach (var (entry, receipt) in results.EnumerateArray().Zip(batch))
        {
            var text = entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("status", out var status) ? status.ToString() : "";
            if (!ReceiptStatusNames.TryParse(text, out var known))
                return false;
            switch (known)
            {
                case ReceiptStatus.Future or ReceiptStatus.UnknownReceiver or ReceiptStatus.Unproven:
                    // May become good: the clock moves on, the member registers. Asked again after a restart, until it expires.
                    _deferred.Add(receipt.Id);
                    if (known != ReceiptStatus.Future)
                        distrust(receipt.Receiver);
                    log($"receipt for piece {receipt.PieceIndex}: {text}");
                    continue;
                case ReceiptStatus.Busy:
                    // Not looked at: it stays, and is sent again with the next report.
                    busy++;
                    continue;
                case ReceiptStatus.Accepted or ReceiptStatus.Duplicate:
                    Accepted++;
                    break;
                default:
                    Refused++;
                    log($"receipt for piece {receipt.PieceIndex} refused: {text}");
                    break;
            }
            done.Add(receipt.Id);
        }
        pending.Settle(done);
        return true;
    }
}
