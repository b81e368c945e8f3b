using System.Diagnostics;
using System.Net;

namespace Pbts.Bench.Load;

/// <summary>
/// Announces at a steady rate, whatever the tracker does with them. Each waits at most for the one before it on its
/// connection, and that waiting counts: times run from the moment an announce was due. One that could not even be sent
/// within a second of that is given up, as a client would.
/// </summary>
internal sealed class PacedLoad(IPEndPoint tracker, int connections, Func<int, byte[], int> write)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly List<float>[] _served = [.. Enumerable.Range(0, connections).Select(_ => new List<float>())];
    private readonly List<float>[] _busy = [.. Enumerable.Range(0, connections).Select(_ => new List<float>())];
    private int _next;
    private long _failed;
    private long _givenUp;

    /// <summary>Milliseconds to the answer of each announce that was served.</summary>
    public IEnumerable<double> Served => _served.SelectMany(times => times).Select(time => (double)time);

    /// <summary>Milliseconds to the answer of each announce that was told to come back.</summary>
    public IEnumerable<double> Busy => _busy.SelectMany(times => times).Select(time => (double)time);

    /// <summary>Announces that met a failure or a broken connection.</summary>
    public long Failed => _failed;

    /// <summary>Announces that were due but never sent.</summary>
    public long GivenUp => _givenUp;

    public Task RunAsync(double perSecond, TimeSpan duration)
    {
        var started = Stopwatch.GetTimestamp();
        return Task.WhenAll(Enumerable.Range(0, connections).Select(which => Task.Run(() => RunAsync(which, started, perSecond, duration))));
    }

    private async Task RunAsync(int which, long started, double perSecond, TimeSpan duration)
    {
        var buffer = new byte[AnnounceText.MaxLength];
        TrackerConnection? connection = null;
        // Each connection has its own regular moments, all of them spread evenly.
        for (var turn = 0; ; turn++)
        {
            var due = TimeSpan.FromSeconds((((double)turn * connections) + which) / perSecond);
            if (due > duration)
                break;
            var wait = due - Stopwatch.GetElapsedTime(started);
            if (wait > TimeSpan.FromMilliseconds(1))
                await Task.Delay(wait);
            if (wait < -Patience)
            {
                Interlocked.Increment(ref _givenUp);
                continue;
            }

            // A timer is late by up to a few milliseconds; that is ours, not the tracker's.
            var from = wait > TimeSpan.Zero ? Stopwatch.GetElapsedTime(started) : due;
            try
            {
                connection ??= await TrackerConnection.OpenAsync(tracker);
                var length = write(Interlocked.Increment(ref _next), buffer);
                await connection.SendAsync(buffer.AsMemory(0, length));
                var answer = await connection.ReceiveAsync();
                var took = (float)(Stopwatch.GetElapsedTime(started) - from).TotalMilliseconds;
                if (answer == AnnounceAnswer.Failed)
                    Interlocked.Increment(ref _failed);
                else
                    (answer == AnnounceAnswer.Served ? _served : _busy)[which].Add(took);
            }
            catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
            {
                Interlocked.Increment(ref _failed);
                connection?.Dispose();
                connection = null;
            }
        }

        connection?.Dispose();
    }
}
