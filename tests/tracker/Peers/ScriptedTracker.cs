using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>A tracker over HTTP that answers what a test wants.</summary>
internal sealed class ScriptedTracker : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<string> _targets = new();
    private readonly ConcurrentQueue<string> _bodies = new();
    private readonly Func<string, (int Status, byte[] Body)> _answer;

    /// <param name="answer">Gives status and body for a target.</param>
    public ScriptedTracker(Func<string, (int Status, byte[] Body)> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = RunAsync();
    }

    public string Url => $"http://{_listener.LocalEndpoint}";

    public string Announce => Url + "/announce";

    /// <summary>What it was asked so far.</summary>
    public IReadOnlyCollection<string> Targets => _targets;

    /// <summary>The bodies it was sent.</summary>
    public IReadOnlyCollection<string> Bodies => _bodies;

    public static ScriptedTracker Saying(string body, int status = 200) => new(_ => (status, Encoding.Latin1.GetBytes(body)));

    /// <summary>Answers announces with these peers.</summary>
    public static ScriptedTracker Naming(params IPEndPoint[] peers)
    {
        var compact = peers.SelectMany(p => (byte[])[.. p.Address.GetAddressBytes(), (byte)(p.Port >> 8), (byte)p.Port]).ToArray();
        byte[] body = [.. Encoding.ASCII.GetBytes($"d8:intervali1800e5:peers{compact.Length}:"), .. compact, (byte)'e'];
        return new ScriptedTracker(_ => (200, body));
    }

    public void Dispose() => _listener.Dispose();

    private async Task RunAsync()
    {
        try
        {
            while (true)
                _ = AnswerAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
                var target = (await reader.ReadLineAsync())?.Split(' ')[1] ?? "";
                var length = 0;
                while (await reader.ReadLineAsync() is { Length: > 0 } header)
                    if (header.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                        length = int.Parse(header[15..], System.Globalization.CultureInfo.InvariantCulture);
                var sent = new char[length];
                // Reading nothing would wait for something.
                if (length > 0)
                    await reader.ReadBlockAsync(sent);
                _bodies.Enqueue(new string(sent));
                _targets.Enqueue(target);
                var (status, body) = _answer(target);
                await client.GetStream().WriteAsync((byte[])[.. Encoding.ASCII.GetBytes($"HTTP/1.1 {status} X\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"), .. body]);
            }
        }
        catch (IOException)
        {
            // The caller has gone.
        }
    }
}
