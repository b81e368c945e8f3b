using System.Diagnostics;
using System.Net;
using Pbts.Protocol.Threading;

namespace Pbts.Load;

/// <summary>Announces some 200 times a second over one connection, and how many milliseconds each took.</summary>
public sealed class AnnounceProbe : IDisposable
{
    private const int Peers = 1000;

    private readonly byte[] _request = new byte[AnnounceText.MaxLength];
    private readonly KeptConnection _connection;
    private int _made;

    private AnnounceProbe(KeptConnection connection) => _connection = connection;

    private static async Task<AnnounceProbe> OpenAsync(IPEndPoint tracker) => new(await KeptConnection.OpenAsync(tracker));

    /// <summary>On a thread of its own that runs as soon as its answer is there: how long this process would take to look is no part of it.</summary>
    private Task<List<double>> MeasureAsync(TimeSpan duration, CancellationToken stop = default)
    {
        var measured = new TaskCompletionSource<List<double>>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                measured.SetResult(Measure(duration, stop));
            }
            catch (Exception e)
            {
                measured.SetException(e);
            }
        }) { IsBackground = true, Name = "announce probe" }.Start();
        return measured.Task;
    }

    private List<double> Measure(TimeSpan duration, CancellationToken stop)
    {
        ThreadTurns.ComeSoon();
        var times = new List<double>();
        for (var run = Stopwatch.StartNew(); !stop.IsCancellationRequested && (duration == Timeout.InfiniteTimeSpan || run.Elapsed < duration); Thread.Sleep(5))
        {
            var length = AnnounceText.Write(_request, 0, _made++ % Peers, 50, seeder: false);
            var started = Stopwatch.GetTimestamp();
            _connection.Exchange(_request.AsSpan(0, length));
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        return times;
    }

    /// <summary>How long announces take while nothing else happens for six seconds, and then beside <paramref name="work"/>.</summary>
    public static async Task<(List<double> Idle, List<double> Busy)> BesideAsync(IPEndPoint tracker, Func<Task> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        using var announces = await OpenAsync(tracker);
        await announces.MeasureAsync(TimeSpan.FromSeconds(2));
        var idle = await announces.MeasureAsync(TimeSpan.FromSeconds(6));
        using var done = new CancellationTokenSource();
        var busy = announces.MeasureAsync(Timeout.InfiniteTimeSpan, done.Token);
        await work();
        await done.CancelAsync();
        return (idle, await busy);
    }

    public void Dispose() => _connection.Dispose();
}
