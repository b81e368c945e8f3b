using System.Text.Json;
using Pbts.Peer;
using Pbts.Protocol.Vouchers;

namespace Pbts.Experiments.Tracker;

/// <summary>Calls a tracker with as many connections as are needed, and looks at every answer: what is not a success throws.</summary>
internal sealed class TrackerApi(Uri tracker) : IDisposable
{
    private int _inFlight;
    private int _peak;
    private int _toldToComeBack;

    public Uri Url => tracker;

    /// <summary>The client it calls with, for what looks at its answers itself.</summary>
    public TrackerClient Client { get; } = new(tracker.ToString()) { Timeout = TimeSpan.FromSeconds(180) };

    /// <summary>Most requests that were under way at the same time since <see cref="Restart"/>.</summary>
    public int Peak => _peak;

    /// <summary>Answers 429 and 503 since <see cref="Restart"/>; what got one was sent again.</summary>
    public int ToldToComeBack => _toldToComeBack;

    public void Restart() => (_peak, _toldToComeBack) = (0, 0);

    /// <exception cref="ExperimentException">The status is not 200.</exception>
    public async Task<JsonElement> GetAsync(string path) => Look(path, await Client.GetAsync(path, CancellationToken.None));

    /// <exception cref="ExperimentException">The status is not 200.</exception>
    public async Task<JsonElement> PostAsync(string path, object? body = null) => Look(path, await Client.PostAsync(path, body ?? Array.Empty<byte>(), CancellationToken.None));

    /// <summary>Sends a report until it is processed, and sees to it that every receipt and voucher in it is accepted.</summary>
    /// <param name="report">As JSON.</param>
    /// <param name="count">Receipts and vouchers in the report.</param>
    /// <exception cref="ExperimentException">One of them was refused.</exception>
    public async Task ReportAsync(byte[] report, int count)
    {
        for (var refusals = 0; ;)
        {
            var now = Interlocked.Increment(ref _inFlight);
            for (int peak = _peak; now > peak; peak = _peak)
                Interlocked.CompareExchange(ref _peak, now, peak);
            var answer = await Client.PostAsync("report", report, CancellationToken.None);
            Interlocked.Decrement(ref _inFlight);
            if (answer.Status is not (429 or 503))
            {
                CheckReport(Look("report", answer), count);
                return;
            }

            Interlocked.Increment(ref _toldToComeBack);
            // Ever longer, up to 1.6 s, and not all at the same moment: asking again at once would measure the refusals.
            await Task.Delay(TimeSpan.FromMilliseconds(100 * (1 << Math.Min(refusals++, 4)) * (0.5 + Random.Shared.NextDouble())));
        }
    }

    /// <summary>The tracker that vouchers are signed for.</summary>
    /// <exception cref="ExperimentException">It does not say which it is.</exception>
    public async Task<InstanceId> InstanceAsync() =>
        await Client.FindInstanceAsync(CancellationToken.None) ?? throw new ExperimentException("the tracker does not say its instance id");

    public void Dispose() => Client.Dispose();

    internal static void CheckReport(JsonElement answer, int count)
    {
        string[] statuses = [.. answer.GetProperty("results").EnumerateArray().Concat(answer.GetProperty("voucher_results").EnumerateArray()).Select(result => result.GetProperty("status").GetString()!)];
        if (statuses.Length != count || statuses.Any(status => status != "accepted"))
            throw new ExperimentException($"of {count} receipts and vouchers {statuses.Count(status => status == "accepted")} were accepted; the others: {string.Join(", ", statuses.Where(status => status != "accepted").Distinct())}");
        var verified = answer.GetProperty("verified_receipts").GetInt32() + answer.GetProperty("verified_vouchers").GetInt32();
        if (verified != count)
            throw new ExperimentException($"{verified} of {count} receipts and vouchers were verified");
    }

    private static JsonElement Look(string path, ApiResult answer)
    {
        if (answer.IsUnreachable)
            throw new ExperimentException($"/{path}: {answer.Error}");
        return answer.Status != 200 ? throw new ExperimentException($"/{path} was answered with {answer.Status}: {answer.Text("error") ?? "no reason"}")
            : answer.Body ?? throw new ExperimentException($"/{path} was answered with something that is no JSON");
    }
}
