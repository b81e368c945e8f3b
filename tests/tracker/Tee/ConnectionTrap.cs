using System.Net;
using System.Net.Sockets;

namespace Pbts.Tracker.Tests.Tee;

/// <summary>Counts who connects.</summary>
internal sealed class ConnectionTrap : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _counting;
    private int _connections;

    private ConnectionTrap()
    {
        _listener.Start();
        _counting = CountAsync();
    }

    public int Connections => Volatile.Read(ref _connections);

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public static ConnectionTrap Start() => new();

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _counting;
        _listener.Dispose();
    }

    private async Task CountAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                Interlocked.Increment(ref _connections);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }
}
