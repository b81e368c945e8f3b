using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Pbts.Tracker.Tests.Support;

/// <summary>A line to a server on this machine that can be cut, and that can keep what it is given.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<TcpClient> _ends = [];
    private readonly Task _running;

    /// <param name="server">The server's port.</param>
    public Relay(int server)
    {
        _listener.Start();
        _running = Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    var client = await _listener.AcceptTcpClientAsync();
                    var upstream = new TcpClient();
                    await upstream.ConnectAsync(IPAddress.Loopback, server);
                    _ends.Add(client);
                    _ends.Add(upstream);
                    _ = PassAsync(client, upstream);
                    _ = PassAsync(upstream, client);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
            }
        });
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What comes is kept for good.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Ends all connections there are.</summary>
    public void Cut()
    {
        while (_ends.TryTake(out var end))
            end.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _running;
        Cut();
    }

    private async Task PassAsync(TcpClient from, TcpClient to)
    {
        try
        {
            var buffer = new byte[64 << 10];
            while (await from.GetStream().ReadAsync(buffer) is > 0 and var read)
            {
                if (!IsSilent)
                    await to.GetStream().WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
        }

        from.Dispose();
        to.Dispose();
    }
}
