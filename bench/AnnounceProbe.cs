using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Pbts.Bench;

/// <summary>Announces at a steady 200 a second over one connection, and how many milliseconds each took.</summary>
internal sealed class AnnounceProbe(Uri tracker) : IDisposable
{
    private readonly TcpClient _connection = new(tracker.Host, tracker.Port) { NoDelay = true };
    private int _peer;

    public async Task<List<double>> MeasureAsync(TimeSpan duration, CancellationToken stop = default)
    {
        var times = new List<double>();
        var buffer = new byte[8192];
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        for (var run = Stopwatch.StartNew(); !stop.IsCancellationRequested && (duration == Timeout.InfiniteTimeSpan || run.Elapsed < duration); await pace.WaitForNextTickAsync(CancellationToken.None))
        {
            var peer = _peer++ % 1000;
            var request = Encoding.ASCII.GetBytes($"GET /announce?info_hash=bench-probe-torrent-&peer_id=-BN0001-{peer:D12}&port={2000 + peer}&uploaded=0&downloaded=0&left=5&numwant=50 HTTP/1.1\r\nHost: bench\r\n\r\n");
            var started = Stopwatch.GetTimestamp();
            await _connection.GetStream().WriteAsync(request, CancellationToken.None);

            // An answer fits one segment on loopback.
            if (await _connection.GetStream().ReadAsync(buffer, CancellationToken.None) == 0)
                throw new IOException("The tracker closed the connection.");
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        return times;
    }

    public void Dispose() => _connection.Dispose();
}
