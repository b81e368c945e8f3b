using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pbts.Protocol.Tests.Ethereum;

/// <summary>A loopback HTTP server that answers every request with the script's bytes: what a broken node might send.</summary>
internal sealed class ScriptedNode : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, (int Status, string Body)?> _script;
    private readonly Task _loop;

    /// <summary>Starts it; the script is given the request body and returns null to stay silent.</summary>
    public ScriptedNode(Func<string, (int Status, string Body)?> script)
    {
        _script = script;
        _listener.Start();
        _loop = Task.Run(AcceptAsync);
    }

    /// <summary>Bytes of the body sent at once.</summary>
    public int ChunkSize { get; init; } = int.MaxValue / 2;

    /// <summary>Time between them.</summary>
    public TimeSpan Pause { get; init; }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                await AnswerAsync(client.GetStream());
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or IOException)
            {
            }
        }
    }

    private async Task AnswerAsync(NetworkStream stream)
    {
        var request = new StringBuilder();
        var buffer = new byte[64 * 1024];
        int bodyAt;
        do
        {
            request.Append(Encoding.UTF8.GetString(buffer, 0, await stream.ReadAsync(buffer, _stop.Token)));
            bodyAt = request.ToString().IndexOf("\r\n\r\n", StringComparison.Ordinal);
        }
        while (bodyAt < 0 || !request.ToString().EndsWith('}'));
        if (_script(request.ToString()[(bodyAt + 4)..]) is not var (status, body))
        {
            await Task.Delay(Timeout.Infinite, _stop.Token);
            return;
        }
        var bytes = Encoding.UTF8.GetBytes(body);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} X\r\nContent-Length: {bytes.Length}\r\nConnection: close\r\n\r\n"), _stop.Token);
        for (var at = 0; at < bytes.Length; at += ChunkSize)
        {
            await stream.WriteAsync(bytes.AsMemory(at, Math.Min(ChunkSize, bytes.Length - at)), _stop.Token);
            await Task.Delay(Pause, _stop.Token);
        }
    }
}
