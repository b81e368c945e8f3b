using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Pbts.Hosting.Configuration;

namespace Pbts.Api.Udp;

/// <summary>
/// The UDP tracker's sockets: for each address one for each core, between which the kernel spreads the clients.
/// </summary>
internal sealed partial class UdpListener(UdpHandler handler, IOptions<NodeOptions> options, ILogger<UdpListener> logger) : IHostedService, IDisposable
{
    private readonly List<UdpSocket> _sockets = [];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.TryGetUdpEndpoints(out var endpoints) is { } error)
            throw new OptionsValidationException(nameof(NodeOptions), typeof(NodeOptions), [$"PBTS_UDP_LISTEN (Node:UdpListen) {error}"]);

        // Only Linux spreads datagrams over the sockets of one port.
        var each = !OperatingSystem.IsLinux() ? 1 : options.Value.UdpSockets == 0 ? Environment.ProcessorCount : options.Value.UdpSockets;
        foreach (var endpoint in endpoints)
        {
            Claim(endpoint);
            for (var i = 0; i < each; i++)
                _sockets.Add(new UdpSocket(endpoint, shared: each > 1, handler, logger));
        }

        _sockets.ForEach(socket => socket.Start());
        foreach (var endpoint in endpoints)
            LogListening($"udp://{endpoint}");
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.WhenAll(_sockets.Select(socket => socket.StopAsync(cancellationToken)));

    public void Dispose() => _sockets.ForEach(socket => socket.Dispose());

    /// <summary>Shared sockets would join those of a stranger on the same port without a word, so first see that it is free.</summary>
    private static void Claim(IPEndPoint endpoint)
    {
        using var probe = UdpSocket.Open(endpoint);
        try
        {
            probe.Bind(endpoint);
        }
        catch (SocketException e)
        {
            throw new IOException($"PBTS_UDP_LISTEN (Node:UdpListen): cannot listen on udp://{endpoint}: {e.Message}. Choose another address, or switch UDP off with PBTS_UDP_LISTEN=off.", e);
        }
    }

    [LoggerMessage(LogLevel.Information, "Now listening on: {Address}")]
    private partial void LogListening(string address);
}
