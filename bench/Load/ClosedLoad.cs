using System.Diagnostics;
using System.Net;

namespace Pbts.Bench.Load;

/// <summary>Announces as fast as the tracker answers: some connections, each with a few announces under way.</summary>
internal static class ClosedLoad
{
    /// <param name="count">How many announces; the <paramref name="next"/>th is written by the callback, which says how long it is.</param>
    /// <param name="underWay">Announces sent before the first of them is answered, on each connection.</param>
    /// <returns>Seconds it took, and how many announces were not served.</returns>
    public static async Task<(double Seconds, int NotServed)> RunAsync(IPEndPoint tracker, int count, int connections, int underWay, Func<int, byte[], int, int> next)
    {
        var (taken, notServed) = (0, 0);
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(async () =>
        {
            using var connection = await TrackerConnection.OpenAsync(tracker);
            var buffer = new byte[underWay * AnnounceText.MaxLength];
            while (true)
            {
                var (length, sent) = (0, 0);
                for (; sent < underWay && Interlocked.Increment(ref taken) is var i && i <= count; sent++)
                    length += next(i - 1, buffer, length);
                if (sent == 0)
                    return;
                await connection.SendAsync(buffer.AsMemory(0, length));
                for (; sent > 0; sent--)
                {
                    if (await connection.ReceiveAsync() != AnnounceAnswer.Served)
                        Interlocked.Increment(ref notServed);
                }
            }
        })));
        return (clock.Elapsed.TotalSeconds, notServed);
    }
}
