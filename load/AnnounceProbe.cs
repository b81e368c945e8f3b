using System.Diagnostics;
using System.Net;

namespace Pbts.Load;

/// <summary>Announces at a steady 200 a second over one connection, and how many milliseconds each took.</summary>
public sealed class AnnounceProbe : IDisposable
{
    private const int Peers = 1000;

    private readonly byte[] _request = new byte[AnnounceText.MaxLength];
    private readonly KeptConnection _connection;
    private int _made;

    private AnnounceProbe(KeptConnection connection) => _connection = connection;

    public static async Task<AnnounceProbe> OpenAsync(IPEndPoint tracker) => new(await KeptConnection.OpenAsync(tracker));

    public async Task<List<double>> MeasureAsync(TimeSpan duration, CancellationToken stop = default)
    {
        var times = new List<double>();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        for (var run = Stopwatch.StartNew(); !stop.IsCancellationRequested && (duration == Timeout.InfiniteTimeSpan || run.Elapsed < duration); await pace.WaitForNextTickAsync(CancellationToken.None))
        {
            var length = AnnounceText.Write(_request, 0, _made++ % Peers, 50, seeder: false);
            var started = Stopwatch.GetTimestamp();
            await _connection.SendAsync(_request.AsMemory(0, length));
            await _connection.ReceiveAsync();
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        return times;
    }

    public void Dispose() => _connection.Dispose();
}
