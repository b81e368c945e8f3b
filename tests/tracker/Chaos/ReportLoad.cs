using System.Net;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chaos;

/// <summary>
/// Pairs of members that report receipts without end. A report that failed is made again until the tracker says that its
/// receipt counts, as peers do, so afterwards each total is known.
/// </summary>
internal sealed class ReportLoad
{
    private const int Bytes = 1000;

    private readonly CancellationTokenSource _stop = new();
    private readonly List<(Member Sender, Member Receiver, int Credited)> _pairs = [];
    private readonly NodeProcess[] _fronts;
    private Task _running = Task.CompletedTask;
    private int _refused;

    private ReportLoad(NodeProcess[] fronts) => _fronts = fronts;

    public int Credited => _pairs.Sum(pair => pair.Credited);

    public int Refused => _refused;

    public int Members => 2 * _pairs.Count;

    public static async Task<ReportLoad> StartAsync(NodeProcess[] fronts, int pairs)
    {
        var load = new ReportLoad(fronts);
        for (var i = 0; i < pairs; i++)
            load._pairs.Add((await Member.RegisteredAsync(fronts[0].Http, "sender"), await Member.RegisteredAsync(fronts[0].Http, "receiver"), 0));
        load._running = Task.WhenAll(Enumerable.Range(0, pairs).Select(pair => Task.Run(() => WorkAsync(load, pair))));
        return load;
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    /// <summary>Members whose totals are not exactly what was acknowledged.</summary>
    public async Task<int> CountWrongTotalsAsync()
    {
        var wrong = 0;
        foreach (var (sender, receiver, credited) in _pairs)
        {
            var expected = (long)credited * Bytes;
            wrong += await sender.TotalsAsync(_fronts[0].Http) == (expected, 0) ? 0 : 1;
            wrong += await receiver.TotalsAsync(_fronts[1].Http) == (0, expected) ? 0 : 1;
        }

        return wrong;
    }

    private static async Task WorkAsync(ReportLoad load, int pair)
    {
        var (sender, receiver, _) = load._pairs[pair];
        for (uint piece = 0; !load._stop.IsCancellationRequested; piece++)
        {
            var receipt = receiver.Receipt(sender, $"piece {piece}", piece, size: Bytes);
            // Not given up when the run ends: what was sent may have been credited.
            for (var attempt = 0; !await IsCreditedAsync(); attempt++)
            {
                Interlocked.Increment(ref load._refused);
                await Task.Delay(200);
            }

            load._pairs[pair] = (sender, receiver, (int)piece + 1);
            await Task.Delay(20);

            async Task<bool> IsCreditedAsync()
            {
                try
                {
                    var (status, answer) = await sender.ReportAsync(load._fronts[Random.Shared.Next(load._fronts.Length)].Http, receipt);
                    // A duplicate of one's own receipt means that an earlier attempt went through.
                    return status == HttpStatusCode.OK && answer.Statuses()[0] is ("accepted" or "duplicate");
                }
                catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
                {
                    return false;
                }
            }
        }
    }
}
