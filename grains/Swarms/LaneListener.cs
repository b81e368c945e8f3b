using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Cluster;
using Pbts.Hosting.Configuration;

namespace Pbts.Grains.Swarms;

/// <summary>
/// The silo's end of <see cref="AnnounceLane"/>: a thread for each front end, which reads a batch and answers it, and changes
/// to no other in between.
/// </summary>
internal sealed partial class LaneListener(SwarmCensus swarms, ClusterKey key, IOptions<NodeOptions> options, ILogger<LaneListener> logger)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>More than there are front ends.</summary>
    private const int MaxConnections = 256;

    /// <summary>Handshakes at a time. Who has taken longest makes room for the next, so that strangers keep nobody out who is quicker.</summary>
    private const int MaxHandshakes = 16;

    private readonly List<Socket> _handshakes = [];
    private readonly HashSet<Socket> _connections = [];
    private Socket? _listener;

    /// <summary>Where it listens; 0 while it does not.</summary>
    public int Port { get; private set; }

    public void Participate(ISiloLifecycle observer) =>
        // Before any front end knows of the silo.
        observer.Subscribe(nameof(LaneListener), ServiceLifecycleStage.RuntimeInitialize, _ => Start(), _ => Stop());

    public void Dispose() => Stop();

    private Task Start()
    {
        var address = new IPEndPoint(IPAddress.Parse(options.Value.AdvertisedAddress), options.Value.LanePort);
        _listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _listener.Bind(address);
            _listener.Listen();
        }
        catch (SocketException e)
        {
            LogNotListening(e.Message);
            return Task.CompletedTask;
        }

        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        Begin(() => Accept(_listener));
        return Task.CompletedTask;
    }

    private Task Stop()
    {
        Port = 0;
        _listener?.Dispose();
        lock (_connections)
        {
            foreach (var socket in (IEnumerable<Socket>)[.. _handshakes, .. _connections])
                socket.Dispose();
        }

        return Task.CompletedTask;
    }

    private static void Begin(ThreadStart work) => new Thread(work) { IsBackground = true, Name = "lane" }.Start();

    private void Accept(Socket listener)
    {
        while (Port != 0)
        {
            try
            {
                var socket = listener.Accept();
                lock (_connections)
                {
                    _handshakes.Add(socket);
                    if (_handshakes.Count > MaxHandshakes)
                    {
                        _handshakes[0].Dispose();
                        _handshakes.RemoveAt(0);
                    }
                }

                Begin(() => Serve(socket));
            }
            catch (SocketException) when (Port != 0)
            {
                Thread.Sleep(100); // No descriptor is left.
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
            }
        }
    }

    private void Serve(Socket socket)
    {
        try
        {
            using var connection = ClusterConnection.Take(socket, key, AnnounceLane.Patience);
            lock (_connections)
            {
                if (!_handshakes.Remove(socket) || _connections.Count >= MaxConnections || Port == 0)
                    return;
                _connections.Add(socket);
            }

            while (true)
                connection.Send(swarms.TryAnnounce(new AnnounceBatch(connection.Receive(AnnounceLane.MaxRequest))).Bytes);
        }
#pragma warning disable CA1031 // Whatever ended it, a stranger or the front end: that one has the gateway.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogEnded(e.Message);
        }
        finally
        {
            lock (_connections)
            {
                _handshakes.Remove(socket);
                _connections.Remove(socket);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Front ends cannot hand in announces beside the gateway: {Problem}")]
    private partial void LogNotListening(string problem);

    [LoggerMessage(LogLevel.Debug, "A connection for announces ended: {Reason}")]
    private partial void LogEnded(string reason);
}
