using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Pbts.Load;

/// <summary>
/// Announces and scrapes as clients make them: at a steady rate whatever the answers do, each over a connection of its own
/// to the proxy, given up after half a minute. Only a proper answer is none of: no connection, a connection that ends
/// early, no answer in time, HTTP 5xx, a failure, or "come back later".
/// </summary>
public sealed class OneShotLoad(IPEndPoint tracker) : IDisposable
{
    private const int Swarms = 300;
    private const string Once = "Connection: close\r\n";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // Torrents of these numbers are nobody else's.
    private readonly int _first = RandomNumberGenerator.GetInt32(1_000_000_000);
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public RequestTally Announces { get; } = new("announces");

    public RequestTally Scrapes { get; } = new("scrapes");

    public void Start(int announcesPerSecond, int scrapesPerSecond) => _running = Task.WhenAll(
        SteadyPace.RunAsync(announcesPerSecond, i => RequestAsync(Announces, room => AnnounceText.Write(room, _first + (i % Swarms), 2 + (i * 7 % 50), 50, i % 2 == 0, EventOf(i), headers: Once)), _stop.Token),
        SteadyPace.RunAsync(scrapesPerSecond, i => RequestAsync(Scrapes, room => AnnounceText.WriteScrape(room, _first + (i * 7 % Swarms), Once)), _stop.Token));

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public void Dispose() => _stop.Dispose();

    private static string EventOf(int i) => (i % 40) switch { 0 => "&event=started", 1 => "&event=completed", 2 => "&event=stopped", _ => "" };

    private async Task RequestAsync(RequestTally tally, Func<byte[], int> write)
    {
        var request = new byte[AnnounceText.MaxLength];
        var length = write(request);
        var started = Stopwatch.GetTimestamp();
        tally.Count(started, await TryAsync(request.AsMemory(0, length)));
    }

    /// <summary>Null, or what was wrong.</summary>
    private async Task<string?> TryAsync(ReadOnlyMemory<byte> request)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(tracker, limit.Token);
            await client.GetStream().WriteAsync(request, limit.Token);
            using var received = new MemoryStream();
            await client.GetStream().CopyToAsync(received, limit.Token);
            var answer = Encoding.Latin1.GetString(received.GetBuffer(), 0, (int)received.Length);
            if (!answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal))
                return answer.Length > 12 ? $"HTTP {answer[9..12]}" : "connection ended early";
            if (!answer.EndsWith('e'))
                return "answer cut off";
            return answer.Contains("failure reason", StringComparison.Ordinal) ? "failure reason"
                : answer.Contains("warning message", StringComparison.Ordinal) ? "told to come back" : null;
        }
        catch (OperationCanceledException)
        {
            return "no answer in 30 s";
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return (e as SocketException ?? e.InnerException as SocketException)?.SocketErrorCode is SocketError.ConnectionRefused ? "connection refused" : "connection reset";
        }
    }
}
