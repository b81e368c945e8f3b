using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pbts.Tracker.Tests.Support;

/// <summary>Before a server: resets the connection of a client that sends a given text, for as many times as is said, and passes everything on otherwise.</summary>
internal sealed class ResettingLine : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _running;

    /// <param name="server">The server's port.</param>
    /// <param name="at">What the client sends, in lower case.</param>
    /// <param name="isPassedOn">Whether the server still hears it.</param>
    /// <param name="times">How often.</param>
    public ResettingLine(int server, string at, bool isPassedOn, int times)
    {
        _listener.Start();
        _running = Task.Run(async () =>
        {
            try
            {
                while (true)
                    _ = PassAsync(await _listener.AcceptTcpClientAsync());
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
            }
        });

        async Task PassAsync(TcpClient client)
        {
            using var upstream = new TcpClient();
            using (client)
            {
                try
                {
                    await upstream.ConnectAsync(IPAddress.Loopback, server);
                    var back = upstream.GetStream().CopyToAsync(client.GetStream());
                    var buffer = new byte[64 << 10];
                    while (await client.GetStream().ReadAsync(buffer) is > 0 and var read)
                    {
                        var cut = Resets < times && Encoding.Latin1.GetString(buffer, 0, read).Contains(at, StringComparison.OrdinalIgnoreCase);
                        if (!cut || isPassedOn)
                            await upstream.GetStream().WriteAsync(buffer.AsMemory(0, read));
                        if (!cut)
                            continue;
                        Resets++;
                        client.LingerState = new LingerOption(true, 0);
                        client.Client.Close();
                    }

                    upstream.Close();
                    await back;
                }
                catch (Exception error) when (error is SocketException or IOException or ObjectDisposedException or InvalidOperationException)
                {
                }
            }
        }
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Resets { get; private set; }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _running;
    }
}
