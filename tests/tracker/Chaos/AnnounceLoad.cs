using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chaos;

/// <summary>
/// Announces and scrapes as clients make them: at a steady rate whatever the answers do, each over a connection of its own
/// to the proxy, given up after half a minute. Only a proper answer is none of: no connection, a connection that ends
/// early, no answer in time, HTTP 5xx, a failure, or "come back later".
/// </summary>
internal sealed class AnnounceLoad(IPEndPoint tracker)
{
    private const int Swarms = 300;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly byte[][] _torrents = [.. Enumerable.Range(0, Swarms).Select(_ => Announcer.NewTorrent())];
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public RequestTally Announces { get; } = new("announces");

    public RequestTally Scrapes { get; } = new("scrapes");

    public void Start(int announcesPerSecond, int scrapesPerSecond) => _running = Task.WhenAll(
        RunAsync(announcesPerSecond, Announces, i => Announcer.Target(_torrents[i % Swarms], 2 + (i * 7 % 50), i % 2, EventOf(i))),
        RunAsync(scrapesPerSecond, Scrapes, i => $"/scrape?info_hash={Announcer.Escape(_torrents[i * 7 % Swarms])}"));

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    private static string EventOf(int i) => (i % 40) switch { 0 => "&event=started", 1 => "&event=completed", 2 => "&event=stopped", _ => "" };

    private async Task RunAsync(int perSecond, RequestTally tally, Func<int, string> target)
    {
        var under = new List<Task>();
        var clock = Stopwatch.StartNew();
        for (var sent = 0; !_stop.IsCancellationRequested; await Task.Delay(20))
        {
            for (; sent < clock.Elapsed.TotalSeconds * perSecond; sent++)
                under.Add(RequestAsync(tally, target(sent)));
            under.RemoveAll(request => request.IsCompleted);
        }

        await Task.WhenAll(under);
    }

    private async Task RequestAsync(RequestTally tally, string target)
    {
        var started = Stopwatch.GetTimestamp();
        tally.Count(started, await TryAsync(target));
    }

    /// <summary>Null, or what was wrong.</summary>
    private async Task<string?> TryAsync(string target)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(tracker, limit.Token);
            await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes($"GET {target} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"), limit.Token);
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
