using System.Diagnostics.Metrics;
using System.Text.Json.Serialization;
using Pbts.Hosting.Metrics;

namespace Pbts.Api.Unit3d;

/// <summary>How many requests this process takes, as UNIT3D shows it: averages that forget, taken every second from what is counted for Prometheus already.</summary>
internal sealed class Unit3dFigures : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly double[] Windows = [1, 10, 60, 900, 7200];

    private readonly TimeProvider _time;
    private readonly double _created;
    private readonly double[] _requestRates = new double[Windows.Length];
    private readonly double[] _answerRates = new double[Windows.Length];
    private long _others;
    private long _announces;
    private long _answers;
    private volatile Unit3dStatsAnswer _answer;

    public Unit3dFigures(TimeProvider time)
    {
        (_time, _created) = (time, Seconds(time.GetUtcNow()));
        _answer = Answer(_created, _created);
    }

    /// <summary>As of a second ago at most.</summary>
    public Unit3dStatsAnswer Current => _answer;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var counters = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument is { Meter.Name: Telemetry.Name, Name: "pbts.announces" } or { Meter.Name: "Microsoft.AspNetCore.Hosting", Name: "http.server.request.duration" })
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        counters.SetMeasurementEventCallback<long>(Count);
        counters.SetMeasurementEventCallback<double>((_, _, _, _) => Interlocked.Increment(ref _others));
        counters.Start();
        var (requests, answers, at, lastRequest, lastAnswer) = (0L, 0L, _time.GetTimestamp(), _created, _created);
        using var timer = new PeriodicTimer(Every, _time);
        while (await NextAsync(timer, stoppingToken))
        {
            (_announces, _answers) = (0, 0);
            counters.RecordObservableInstruments();
            var (now, elapsed, requestsNow) = (Seconds(_time.GetUtcNow()), _time.GetElapsedTime(at).TotalSeconds, _announces + Interlocked.Read(ref _others));
            Average(_requestRates, requestsNow - requests, elapsed);
            Average(_answerRates, _answers - answers, elapsed);
            (lastRequest, lastAnswer) = (requestsNow > requests ? now : lastRequest, _answers > answers ? now : lastAnswer);
            (requests, answers, at) = (requestsNow, _answers, _time.GetTimestamp());
            _answer = Answer(lastRequest, lastAnswer);
        }
    }

    private void Count(Instrument instrument, long count, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        _announces += count;
        foreach (var (name, value) in tags)
        {
            if (name == "outcome" && value is "served")
                _answers += count;
        }
    }

    private static void Average(double[] rates, long count, double elapsed)
    {
        for (var i = 0; i < rates.Length; i++)
            rates[i] += ((count / elapsed) - rates[i]) * (1 - Math.Exp(-elapsed / Windows[i]));
    }

    private Unit3dStatsAnswer Answer(double lastRequest, double lastAnswer) => new(
        _created, lastRequest, lastAnswer, _requestRates[0], _requestRates[1], _requestRates[2], _requestRates[3], _requestRates[4],
        _answerRates[0], _answerRates[1], _answerRates[2], _answerRates[3], _answerRates[4]);

    private static double Seconds(DateTimeOffset at) => at.ToUnixTimeMilliseconds() / 1000.0;

    private static async ValueTask<bool> NextAsync(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}

/// <summary>Answer to <c>GET stats</c>: of this process. Times in Unix seconds.</summary>
internal sealed record Unit3dStatsAnswer(
    [property: JsonConverter(typeof(WithFraction)), JsonPropertyName("created_at")] double CreatedAt,
    [property: JsonConverter(typeof(WithFraction)), JsonPropertyName("last_request_at")] double LastRequestAt,
    [property: JsonConverter(typeof(WithFraction)), JsonPropertyName("last_announce_response_at")] double LastAnnounceResponseAt,
    [property: JsonConverter(typeof(WithFraction)), JsonPropertyName("requests_per_1s")] double Requests1,
    [property: JsonConverter(typeof(WithFraction)), JsonPropertyName("requests_per_10s")] double Requests10,
    [property: JsonConverter(typeof(WithFraction)), JsonPropertyName("requests_per_60s")] double Requests60,
    [property: JsonConverter(typeof(WithFraction)), JsonPropertyName("requests_per_900s")] double Requests900,
    [property: JsonConverter(typeof(WithFraction)), JsonPropertyName("requests_per_7200s")] double Requests7200,
    [property: JsonConverter(typeof(WithFraction)), JsonPropertyName("announce_responses_per_1s")] double Announces1,
    [property: JsonConverter(typeof(WithFraction)), JsonPropertyName("announce_responses_per_10s")] double Announces10,
    [property: JsonConverter(typeof(WithFraction)), JsonPropertyName("announce_responses_per_60s")] double Announces60,
    [property: JsonConverter(typeof(WithFraction)), JsonPropertyName("announce_responses_per_900s")] double Announces900,
    [property: JsonConverter(typeof(WithFraction)), JsonPropertyName("announce_responses_per_7200s")] double Announces7200);
