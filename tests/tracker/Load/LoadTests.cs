using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Pbts.Load;

namespace Pbts.Tracker.Tests.Load;

/// <summary>The generators count what was answered as what it was.</summary>
public sealed class LoadTests
{
    private const string Served = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nd8:complete";
    private const string Shed = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n8:retry in";
    private const string Failed = "HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\nno!";

    [Fact]
    public async Task Answers_are_told_apart_however_they_are_cut()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var connection = await KeptConnection.OpenAsync((IPEndPoint)listener.LocalEndpoint);
        using var tracker = await listener.AcceptSocketAsync();
        tracker.NoDelay = true;
        var answers = Encoding.ASCII.GetBytes(Served + Shed + Failed + Served);
        var sending = Task.Run(async () =>
        {
            foreach (var some in answers.Chunk(7))
            {
                await tracker.SendAsync(some);
                await Task.Delay(1);
            }
        });
        foreach (var expected in (AnnounceAnswer[])[AnnounceAnswer.Served, AnnounceAnswer.Shed, AnnounceAnswer.Failed, AnnounceAnswer.Served])
            Assert.Equal(expected, await connection.ReceiveAsync());
        await sending;
    }

    [Theory]
    [InlineData(Served, 40, 0, 0)]
    [InlineData(Shed, 0, 40, 0)]
    [InlineData(Failed, 0, 0, 40)]
    public async Task A_counted_load_makes_so_many_announces_and_tallies_each(string answer, long served, long shed, long failed)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var tracker = AnswerAsync(listener, answer);
        using (var load = new AnnounceLoad((IPEndPoint)listener.LocalEndpoint, connections: 1, (i, room) => AnnounceText.Write(room, 1, i, 50, seeder: false)))
        {
            var tally = await Task.Run(() => load.Counted(40, underWay: 4));
            Assert.Equal((served, shed, failed, 40L), (tally.Served.Count, tally.Shed.Count, tally.Failed, tally.Offered));
        }

        Assert.Equal(40, await tracker);
    }

    [Fact]
    public void Quantiles_are_right_to_one_part_in_sixty_four()
    {
        var histogram = new LatencyHistogram();
        Assert.Equal(double.NaN, histogram.Quantile(0.5));
        for (var milliseconds = 1; milliseconds <= 1000; milliseconds++)
            histogram.Add(milliseconds * Stopwatch.Frequency / 1000);
        Assert.InRange(histogram.Quantile(0.5), 500, 500 * 65.0 / 64);
        Assert.InRange(histogram.Quantile(0.99), 990, 990 * 65.0 / 64);
        Assert.InRange(histogram.Quantile(1), 1000, 1000 * 65.0 / 64);
    }

    [Fact]
    public async Task What_is_begun_at_a_steady_pace_is_waited_for()
    {
        var (begun, ended) = (0, 0);
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        await SteadyPace.RunAsync(100, async number =>
        {
            Assert.Equal(begun++, number);
            await Task.Delay(200, CancellationToken.None);
            Interlocked.Increment(ref ended);
        }, stop.Token);
        Assert.Equal(begun, ended);
        Assert.InRange(begun, 10, 60);
    }

    /// <summary>Answers each announce of one connection the same.</summary>
    /// <returns>How many there were.</returns>
    private static async Task<int> AnswerAsync(TcpListener listener, string answer)
    {
        using var client = await listener.AcceptTcpClientAsync();
        using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
        var asked = 0;
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.Length > 0)
                continue;
            asked++;
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer));
        }

        return asked;
    }
}
