using System.Text.Json;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;

namespace Pbts.Peer.Exchange;

/// <summary>Hands earned receipts to the tracker and settles what it has decided. What it has not answered stays and is sent again.</summary>
/// <param name="pending">The earned receipts.</param>
/// <param name="report">Reports them.</param>
/// <param name="trust">Told whose receipts are worth nothing now, and whose are again.</param>
/// <param name="log">Told what happened.</param>
/// <param name="clock">The clock.</param>
internal sealed class ReceiptReporter(
    PendingReceipts pending, Func<IReadOnlyCollection<Receipt>, CancellationToken, Task<ApiResult>> report, Action<MemberKey, bool> trust, Action<string> log, TimeProvider clock)
{
    /// <summary>The most a tracker takes in one report.</summary>
    public const int MaxReport = 1000;

    private readonly Deferrals<ReceiptId> _deferred = new(clock);
    private readonly HashSet<MemberKey> _distrusted = [];

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
            await Task.Delay(pause, clock, cancellationToken).ConfigureAwait(false);
            if (!pending.ShouldReport() || await ReportAsync(cancellationToken).ConfigureAwait(false))
                pause = TimeSpan.FromMilliseconds(500);
            else
                pause = TimeSpan.FromSeconds(Math.Min(pause.TotalSeconds * 2, 60));
        }
    }

    /// <summary>Reports everything that is not deferred; <c>false</c> when the tracker did not process it.</summary>
    public async Task<bool> ReportAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            _deferred.Trim(pending.Count);
            var batch = pending.Peek().Where(r => _deferred.IsDue(r.Id)).Take(MaxReport).ToArray();
            if (batch.Length == 0)
                return true;
            var answer = await report(batch, cancellationToken).ConfigureAwait(false);
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
            var isKnown = ReceiptStatusNames.TryParse(text, out var known);
            // Not looked at: it stays, and is sent again with the next report.
            if (isKnown && known == ReceiptStatus.Busy)
            {
                busy++;
                continue;
            }

            // May become good: the clock moves on, the member registers or gives something back, the torrent is registered; and
            // what we have no word for decides nothing.
            if (!isKnown || known is ReceiptStatus.Future or ReceiptStatus.UnregisteredTorrent || IsSignersFault(known))
            {
                if (_deferred.Defer(receipt.Id))
                    log($"receipt for piece {receipt.PieceIndex} is kept and reported again: {text}");
                if (isKnown && IsSignersFault(known) && _distrusted.Add(receipt.Receiver))
                    trust(receipt.Receiver, false);
                continue;
            }
            if (known is ReceiptStatus.Accepted or ReceiptStatus.Duplicate)
            {
                Accepted++;
                if (_distrusted.Remove(receipt.Receiver))
                    trust(receipt.Receiver, true);
            }
            else
            {
                Refused++;
                log($"receipt for piece {receipt.PieceIndex} refused: {text}");
            }
            done.Add(receipt.Id);
            _deferred.Remove(receipt.Id);
        }
        pending.Settle(done);
        return true;
    }

    private static bool IsSignersFault(ReceiptStatus status) =>
        status is ReceiptStatus.UnknownReceiver or ReceiptStatus.Unproven or ReceiptStatus.ReceiverLimit or ReceiptStatus.TorrentLimit;
}
