using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Operations;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Metrics;

namespace Pbts.Api.Cluster;

/// <summary>Tells the cluster every few seconds that this front end is there and what it has done.</summary>
internal sealed class FrontEndReporter(IGrainFactory grains, IOptions<NodeOptions> options, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    private readonly string _name = options.Value.Name.Length > 0 ? options.Value.Name : $"{Environment.MachineName}-{Environment.ProcessId}";
    private readonly DateTimeOffset _started = time.GetUtcNow();
    private readonly Dictionary<string, long> _announces = [];

    private IFrontEndsGrain Grain => grains.GetGrain<IFrontEndsGrain>(0);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await TryAsync(() => Grain.LeaveAsync(_name));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The announces are counted for Prometheus already.
        using var counters = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument is { Meter.Name: Telemetry.Name, Name: "pbts.announces" })
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        counters.SetMeasurementEventCallback<long>(Count);
        counters.Start();
        using var timer = new PeriodicTimer(Every, time);
        do
        {
            _announces.Clear();
            counters.RecordObservableInstruments();
            await TryAsync(() => Grain.ReportAsync(Figures()));
        }
        while (await NextAsync(timer, stoppingToken));
    }

    private void Count(Instrument instrument, long count, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        foreach (var (name, value) in tags)
        {
            if (name == "outcome" && value is string outcome)
                _announces[outcome] = _announces.GetValueOrDefault(outcome) + count;
        }
    }

    private FrontEndFigures Figures()
    {
        var (served, refused) = (Of("served"), Of("refused") + Of("malformed"));
        return new(_name, Environment.MachineName, options.Value.Listen, _started, served, _announces.Values.Sum() - served - refused, refused, Environment.WorkingSet);

        long Of(string outcome) => _announces.GetValueOrDefault(outcome);
    }

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

    private static async Task TryAsync(Func<ValueTask> tell)
    {
        try
        {
            await tell();
        }
#pragma warning disable CA1031 // Whatever it was: while no silo answers nobody can be told, and nobody asks.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }
}
