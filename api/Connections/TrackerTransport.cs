using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using Pbts.Api.Announce;
using Pbts.Api.Callers;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Metrics;

namespace Pbts.Api.Connections;

/// <summary>
/// Takes the connections of the tracker's addresses before the HTTP server does. Announces and scrapes are answered by one
/// thread for each processor, with a system call for what comes in and one for what goes out; a connection on which
/// anything else comes in goes to the HTTP server, with all it has sent. Linux only: elsewhere the HTTP server serves all.
/// </summary>
internal sealed partial class TrackerTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    /// <summary>Bytes received, and bytes to be sent, that wait for the HTTP server on one connection.</summary>
    private const long Buffered = 64 * 1024;

    /// <summary>How often the descriptors are counted anew.</summary>
    private static readonly TimeSpan MeasureEvery = TimeSpan.FromSeconds(3);

    private readonly HashSet<EndPoint> _endpoints;
    private readonly SocketTransportOptions _sockets;
    private readonly SocketConnectionContextFactory _handOver;
    private readonly Func<TrackerLoop[]> _start;
    private readonly TrackerOptions _options;
    private readonly ConnectionLimits _limits;
    private readonly TaggedCounter _closed;
    private readonly ILogger _logger;
    private TrackerLoop[] _loops = [];
    private Timer? _measuring;
    private int _turn;

    public TrackerTransport(TrackerHandler handler, ClientAddressResolver addresses, IOptions<NodeOptions> node, IOptions<TrackerOptions> options,
        IOptions<SocketTransportOptions> sockets, IMeterFactory meters, ILoggerFactory logging)
    {
        // The HTTP server does TLS.
        _endpoints = [.. ApiHosting.ListenEndpoints(node.Value).Where(address => address.Scheme == "http").Select(address => address.EndPoint)];
        _sockets = sockets.Value;
        // Or each connection whose body nobody has room for yet would take a megabyte of it all the same.
        _handOver = new(new SocketConnectionFactoryOptions { MaxReadBufferSize = Buffered, MaxWriteBufferSize = Buffered }, logging.CreateLogger<SocketConnectionContextFactory>());
        _options = options.Value;
        _limits = new(_options, addresses);
        _logger = logging.CreateLogger<TrackerTransport>();
        var meter = meters.Create(Telemetry.Name);
        meter.CreateObservableUpDownCounter("pbts.connections", () => _limits.Open, "{connection}", "Open connections of clients.");
        meter.CreateObservableGauge("pbts.connections.most", () => _limits.Most, "{connection}", "Connections that may be open, by the descriptors the process may have.");
        _closed = new(meter, "pbts.connections.closed", "{connection}", "Connections that ended, by who or what ended them.",
            Enum.GetNames<CloseReason>().Select(name => new KeyValuePair<string, object?>[] { new("reason", JsonNamingPolicy.SnakeCaseLower.ConvertName(name)) }));
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
        Watch();
        if (_loops is [])
            _loops = _start();

        var listener = new TrackerListener(socket, _handOver, this);
        foreach (var loop in _loops)
            loop.Listen(listener);
        return ValueTask.FromResult<IConnectionListener>(listener);
    }

    /// <summary>Sees how many connections there may be, from now on.</summary>
    public void Watch()
    {
        if (_measuring is not null)
            return;
        _limits.Measure();
        LogLimits(_limits.Most, _limits.Descriptors, _limits.Reserve, _options.MaxConnections, _limits.MostOfAddress, _options.RequestSeconds, _options.ConnectionIdleSeconds);
        _measuring = new(_ => _limits.Measure(), null, MeasureEvery, MeasureEvery);
    }

    /// <summary>No more connections of this listener are taken.</summary>
    public async Task UnlistenAsync(TrackerListener listener)
    {
        foreach (var loop in _loops)
            await loop.UnlistenAsync(listener);
    }

    /// <summary>The loop for the next connection that stays.</summary>
    public TrackerLoop Next() => _loops[(uint)Interlocked.Increment(ref _turn) % (uint)_loops.Length];

    /// <summary>Held while a connection is closed because there are too many, or two loops would close one each for the same newcomer.</summary>
    public Lock Crowd { get; } = new();

    /// <summary>Whether there are more connections than there may be by now.</summary>
    public bool IsCrowded => _limits.Open > _limits.Most;

    /// <inheritdoc cref="ConnectionLimits.Enters"/>
    public bool Enters(IPAddress address, out CloseReason refusal) => _limits.Enters(address, out refusal);

    /// <summary>Closes whichever of all loops' connections can best be spared, of those that came before the new one.</summary>
    public void MakeRoom(TrackerLoop asking, TrackerConnection newcomer)
    {
        var (best, since) = BestToSpare(asking);
        best.DisplaceOne(Math.Min(since + 1, newcomer.Active));
    }

    /// <summary>Whether no other loop can better spare a connection than this one.</summary>
    public bool CanBestSpare(TrackerLoop loop) => BestToSpare(loop).Loop == loop;

    private (TrackerLoop Loop, long Since) BestToSpare(TrackerLoop asking)
    {
        var (best, order) = (asking, asking.Spare);
        foreach (var loop in _loops)
        {
            if (loop.Spare is var other && other.CompareTo(order) < 0)
                (best, order) = (loop, other);
        }

        return (best, order.Since);
    }

    public void Left(IPAddress address) => _limits.Left(address);

    /// <summary>Whether the HTTP server may take over one connection more; then it is told when that ends.</summary>
    public bool HandsOver(IPAddress address)
    {
        if (_limits.EntersHttpServer())
            return true;
        Left(address);
        Count(CloseReason.Full);
        return false;
    }

    /// <summary>A connection that the HTTP server had has ended.</summary>
    public void LeftHttpServer(IPAddress address)
    {
        _limits.LeftHttpServer();
        Left(address);
    }

    /// <inheritdoc cref="ConnectionLimits.RanOut"/>
    public void RanOut() => _limits.RanOut();

    public void Count(CloseReason reason) => _closed.Add((int)reason);

    public void Dispose()
    {
        _measuring?.Dispose();
        foreach (var loop in _loops)
            loop.Dispose();
    }

    [LoggerMessage(LogLevel.Information, "Connections: at most {Most} (of {Descriptors} descriptors, RLIMIT_NOFILE, what is open and {Reserve} more are left to everything else; Tracker:MaxConnections is {Configured}), half of them for the HTTP server, {OfAddress} of one address (0: no bound), {RequestSeconds} s for a request, {IdleSeconds} s between two.")]
    private partial void LogLimits(int most, long descriptors, int reserve, int configured, int ofAddress, int requestSeconds, int idleSeconds);
}
