using System.Net.Http.Headers;
using System.Text.Json;
using Pbts.Peer;
using Pbts.Protocol.Receipts;

namespace Pbts.Experiments.Tracker;

/// <summary>Calls a tracker with as many connections as are needed, and looks at every answer: what is not a success throws.</summary>
internal sealed class TrackerApi(Uri tracker) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromMinutes(5) })
    {
        BaseAddress = tracker, Timeout = TimeSpan.FromSeconds(180),
    };

    private int _inFlight;
    private int _peak;
    private int _toldToComeBack;

    public Uri Url => tracker;

    /// <summary>Most requests that were under way at the same time since <see cref="Restart"/>.</summary>
    public int Peak => _peak;

    /// <summary>Answers 429 and 503 since <see cref="Restart"/>; what got one was sent again.</summary>
    public int ToldToComeBack => _toldToComeBack;

    public void Restart() => (_peak, _toldToComeBack) = (0, 0);

    /// <exception cref="ExperimentException">The status is not 2xx.</exception>
    public async Task<JsonElement> GetAsync(string path)
    {
        using var response = await _http.GetAsync(new Uri(path, UriKind.Relative));
        return await ReadAsync(path, response);
    }

    /// <exception cref="ExperimentException">The status is not 2xx.</exception>
    public async Task<JsonElement> PostAsync(string path, object? body = null)
    {
        using var content = Json(body is null ? [] : JsonSerializer.SerializeToUtf8Bytes(body));
        using var response = await _http.PostAsync(new Uri(path, UriKind.Relative), content);
        return await ReadAsync(path, response);
    }

    /// <summary>The status of a call and what it says went wrong; for finding out whether something can be measured at all.</summary>
    public async Task<(int Status, string Error)> ProbeAsync(string path, object? body = null)
    {
        using var content = Json(body is null ? [] : JsonSerializer.SerializeToUtf8Bytes(body));
        using var response = await _http.PostAsync(new Uri(path, UriKind.Relative), content);
        var json = Parse(await response.Content.ReadAsByteArrayAsync());
        return ((int)response.StatusCode, ErrorIn(json) ?? $"{path} is answered with {(int)response.StatusCode}");
    }

    /// <summary>Sends a report until it is processed, and sees to it that every receipt in it is accepted.</summary>
    /// <param name="count">Receipts in the report.</param>
    /// <exception cref="ExperimentException">A receipt was refused.</exception>
    public async Task ReportAsync(byte[] report, int count)
    {
        var refusals = 0;
        while (true)
        {
            var now = Interlocked.Increment(ref _inFlight);
            for (int peak = _peak; now > peak; peak = _peak)
                Interlocked.CompareExchange(ref _peak, now, peak);
            try
            {
                using var content = Json(report);
                using var response = await _http.PostAsync(new Uri("report", UriKind.Relative), content);
                if ((int)response.StatusCode is not (429 or 503))
                {
                    CheckReport(await ReadAsync("report", response), count);
                    return;
                }
            }
            finally
            {
                Interlocked.Decrement(ref _inFlight);
            }

            Interlocked.Increment(ref _toldToComeBack);
            // Ever longer, up to 1.6 s, and not all at the same moment: asking again at once would measure the refusals.
            await Task.Delay(TimeSpan.FromMilliseconds(100 * (1 << Math.Min(refusals++, 4)) * (0.5 + Random.Shared.NextDouble())));
        }
    }

    /// <summary>A report as bytes, so that writing it is not timed.</summary>
    public static byte[] Report(string userId, IReadOnlyCollection<Receipt> receipts) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        user_id = userId, uploaded_delta = 0, downloaded_delta = 0, receipts = receipts.Select(one => one.ToJson()),
    });

    public void Dispose() => _http.Dispose();

    internal static void CheckReport(JsonElement answer, int count)
    {
        var statuses = answer.GetProperty("results").EnumerateArray().Select(result => result.GetProperty("status").GetString()).ToArray();
        if (statuses.Length != count || Array.Find(statuses, status => status != "accepted") is { } refused && refused.Length > 0)
            throw new ExperimentException($"of {count} receipts {statuses.Count(status => status == "accepted")} were accepted; the others: {string.Join(", ", statuses.Where(status => status != "accepted").Distinct())}");
        if (answer.GetProperty("verified_receipts").GetInt32() != count)
            throw new ExperimentException($"{answer.GetProperty("verified_receipts").GetInt32()} of {count} receipts were verified");
    }

    private static ByteArrayContent Json(byte[] bytes)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    private static async Task<JsonElement> ReadAsync(string path, HttpResponseMessage response)
    {
        var json = Parse(await response.Content.ReadAsByteArrayAsync());
        return (int)response.StatusCode != 200 ? throw new ExperimentException($"/{path} was answered with {(int)response.StatusCode}: {ErrorIn(json) ?? "no reason"}")
            : json ?? throw new ExperimentException($"/{path} was answered with something that is no JSON");
    }

    private static JsonElement? Parse(byte[] bytes)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(bytes);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? ErrorIn(JsonElement? json) =>
        json is { ValueKind: JsonValueKind.Object } answer && answer.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.String ? error.GetString() : null;
}
