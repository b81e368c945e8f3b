using System.Text.Json;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Peer.Exchange;

/// <summary>Hands the newest voucher of each session to the tracker until all its bytes are credited or refused for good.</summary>
/// <param name="earned">The vouchers.</param>
/// <param name="report">Reports them.</param>
/// <param name="trust">Told whose vouchers are worth nothing now, and whose are again.</param>
/// <param name="log">Told what happened.</param>
/// <param name="clock">The clock.</param>
internal sealed class VoucherReporter(
    EarnedVouchers earned, Func<IReadOnlyCollection<Voucher>, CancellationToken, Task<ApiResult>> report, Action<MemberKey, bool> trust, Action<string> log, TimeProvider clock)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    private readonly Deferrals<VoucherId> _deferred = new(clock);
    private readonly HashSet<MemberKey> _distrusted = [];

    /// <summary>Bytes that the tracker has credited.</summary>
    public long Credited { get; private set; }

    /// <summary>Vouchers refused for good.</summary>
    public int Refused { get; private set; }

    /// <summary>Reports every few seconds while something waits, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var pause = Every; ;)
        {
            await Task.Delay(pause, clock, cancellationToken).ConfigureAwait(false);
            pause = await ReportAsync(cancellationToken).ConfigureAwait(false) ? Every : TimeSpan.FromSeconds(Math.Min(pause.TotalSeconds * 2, 60));
        }
    }

    /// <summary>Reports everything that is not deferred; <c>false</c> when the tracker did not process it.</summary>
    public async Task<bool> ReportAsync(CancellationToken cancellationToken)
    {
        var waiting = earned.Peek();
        _deferred.Trim(waiting.Count);
        // As they are now: what rises meanwhile waits for the next time, or the first thousand could keep out the others.
        foreach (var batch in waiting.Where(voucher => _deferred.IsDue(voucher.Id)).Chunk(ReceiptReporter.MaxReport).ToArray())
        {
            if (!await ReportAsync(batch, cancellationToken).ConfigureAwait(false))
                return false;
        }

        return true;
    }

    private async Task<bool> ReportAsync(Voucher[] batch, CancellationToken cancellationToken)
    {
        var answer = await report(batch, cancellationToken).ConfigureAwait(false);
        if (!answer.IsSuccess)
        {
            log($"report: {answer.Error}");
            return false;
        }

        if (answer.Body is not { ValueKind: JsonValueKind.Object } body || !body.TryGetProperty("voucher_results", out var results)
            || results.ValueKind != JsonValueKind.Array || results.GetArrayLength() != batch.Length)
        {
            log("report: the tracker's answer has no result for each voucher");
            return false;
        }

        earned.Settle([.. results.EnumerateArray().Zip(batch).Select(one => (one.Second.Id, Bytes: Judge(one.First, one.Second))).Where(one => one.Bytes > 0)]);
        return true;
    }

    /// <summary>Bytes of the session that need no further report.</summary>
    private long Judge(JsonElement result, Voucher voucher)
    {
        var text = result.ValueKind == JsonValueKind.Object && result.TryGetProperty("status", out var status) ? status.ToString() : "";
        var isKnown = VoucherStatusNames.TryParse(text, out var known);
        Credited += result.ValueKind == JsonValueKind.Object && result.TryGetProperty("credited", out var credited) && credited.TryGetInt64(out var bytes) ? Math.Max(0, bytes) : 0;
        if (isKnown && known is VoucherStatus.Accepted or VoucherStatus.Duplicate)
        {
            _deferred.Remove(voucher.Id);
            if (_distrusted.Remove(voucher.Receiver))
                trust(voucher.Receiver, true);
            return voucher.Bytes;
        }

        // May become good: the member gives something back, registers, or the clock moves on; and what we have no word for decides nothing.
        if (!isKnown || known is VoucherStatus.Partial or VoucherStatus.Busy or VoucherStatus.Future or VoucherStatus.UnknownReceiver or VoucherStatus.Unproven)
        {
            if (_deferred.Defer(voucher.Id))
                log($"voucher over {voucher.Bytes} bytes is kept and reported again: {text}");
            if (isKnown && known is VoucherStatus.Partial or VoucherStatus.UnknownReceiver or VoucherStatus.Unproven && _distrusted.Add(voucher.Receiver))
                trust(voucher.Receiver, false);
            return 0;
        }

        Refused++;
        log($"voucher over {voucher.Bytes} bytes refused: {text}");
        _deferred.Remove(voucher.Id);
        return voucher.Bytes;
    }
}
