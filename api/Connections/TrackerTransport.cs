using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using Pbts.Api.Announce;
using Pbts.GrainInterfaces.Configuration;
using Pbts.GrainInterfaces.Operations;

namespace Pbts.Api.Connections;

/// <summary>
/// Takes the connections of the tracker's addresses before the HTTP server does. Announces and scrapes are answered by one
/// thread for each processor, with a system call for what comes in and one for what goes out; a connection on which
/// anything else comes in goes to the HTTP server, with all it has sent. Linux only: elsewhere the HTTP server serves all.
/// </summary>
internal sealed class TrackerTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    private readonly HashSet<EndPoint> _endpoints;
    private readonly SocketTransportOptions _sockets;
    private readonly SocketConnectionContextFactory _handOver;
    private readonly Func<TrackerLoop[]> _start;
    private readonly int _most;
    private TrackerLoop[] _loops = [];
    private int _connections;
    private int _turn;

    public TrackerTransport(TrackerHandler handler, ClientAddressResolver addresses, IOptions<NodeOptions> node, IOptions<TrackerOptions> options,
        IOptions<SocketTransportOptions> sockets, IMeterFactory meters, ILoggerFactory logging)
    {
        _endpoints = [.. ApiHosting.ListenEndpoints(node.Value)];
        _sockets = sockets.Value;
        _handOver = new(new SocketConnectionFactoryOptions(), logging.CreateLogger<SocketConnectionContextFactory>());
        _most = options.Value.MaxConnections;
        meters.Create(Telemetry.Name).CreateObservableUpDownCounter("pbts.connections", () => Volatile.Read(ref _connections), "{connection}", "Open connections that sent nothing but announces and scrapes.");
        var requests = new TrackerRequests(handler, addresses, logging.CreateLogger<TrackerRequests>());
        _start = () => [.. Enumerable.Range(0, Environment.ProcessorCount).Select(number => new TrackerLoop(number, this, requests, options.Value, logging.CreateLogger<TrackerLoop>()))];
    }

    public bool CanBind(EndPoint endpoint) => OperatingSystem.IsLinux() && _endpoints.Contains(endpoint);

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var socket = _sockets.CreateBoundListenSocket(endpoint);
        socket.NoDelay = true;
        socket.Blocking = false;
        socket.Listen(_sockets.Backlog);
        _loops = _loops is [] ? _start() : _loops;
        var listener = new TrackerListener(socket, _handOver, this);
        foreach (var loop in _loops)
            loop.Listen(listener);
        return ValueTask.FromResult<IConnectionListener>(listener);
    }

    /// <summary>No more connections of this listener are taken.</summary>
    public async Task UnlistenAsync(TrackerListener listener)
    {
        foreach (var loop in _loops)
            await loop.UnlistenAsync(listener);
    }

    /// <summary>The loop for the next connection that stays.</summary>
    public TrackerLoop Next() => _loops[(uint)Interlocked.Increment(ref _turn) % (uint)_loops.Length];

    /// <summary>Whether one connection more may be open; then it counts until <see cref="Left"/>.</summary>
    public bool Enters()
    {
        if (Interlocked.Increment(ref _connections) <= _most)
            return true;
        Left();
        return false;
    }

    public void Left() => Interlocked.Decrement(ref _connections);

    public void Dispose()
    {
        foreach (var loop in _loops)
            loop.Dispose();
    }
}
