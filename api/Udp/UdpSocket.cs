using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Api.Udp;

/// <summary>
/// One socket and the thread that reads it. Work that has to wait goes on without the thread; beyond
/// <see cref="MaxInFlight"/> of that, datagrams are dropped: clients send them again.
/// </summary>
internal sealed partial class UdpSocket : IDisposable
{
    public const int MaxInFlight = 2048;

    private const int SolSocket = 1;
    private const int SoReusePort = 15;
    private const int Largest = 65_535;

    /// <summary>How often, in milliseconds, an idle thread looks whether it is to stop.</summary>
    private const int WakeEvery = 250;

    private readonly UdpHandler _handler;
    private readonly ILogger _logger;
    private readonly Socket _socket;

    /// <summary>It listens at every address of the machine, and has to answer from the one it was asked at.</summary>
    private readonly bool _everywhere;

    private readonly ConcurrentQueue<Exchange> _free = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _exchanges;

    public UdpSocket(IPEndPoint endpoint, bool shared, UdpHandler handler, ILogger logger)
    {
        _handler = handler;
        _logger = logger;
        _socket = Open(endpoint);
        if (shared)
            _socket.SetRawSocketOption(SolSocket, SoReusePort, [1, 0, 0, 0]);
        _socket.ReceiveTimeout = WakeEvery;
        _everywhere = PacketInfo.IsNeeded(endpoint);
        if (_everywhere)
            PacketInfo.Enable(_socket, WakeEvery);
        _socket.ReceiveBufferSize = 4 << 20;
        _socket.Bind(endpoint);
    }

    /// <summary>A socket for the endpoint, not yet bound. "Every IPv6 address" means every IPv4 address too, as over HTTP.</summary>
    public static Socket Open(IPEndPoint endpoint)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        if (endpoint.Address.Equals(IPAddress.IPv6Any))
            socket.DualMode = true;
        return socket;
    }

    public void Start() => new Thread(Run) { IsBackground = true, Name = "UDP tracker" }.Start();

    /// <summary>Stops reading; answers under way may still go out until <see cref="Dispose"/>.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _stopped.Task.WaitAsync(cancellationToken);
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _socket.Dispose();
        _stopping.Dispose();
    }

    private void Run()
    {
        var packet = new byte[Largest];
        var stopping = _stopping.Token;
        Exchange? exchange = null;
        while (!stopping.IsCancellationRequested)
        {
            exchange ??= NextExchange();
            try
            {
                var length = Receive(packet, exchange ?? new Exchange(_socket.AddressFamily));
                if (exchange is null)
                    continue;
                if (Answer(packet.AsSpan(0, length), exchange, stopping))
                    continue;
                exchange = null;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock or SocketError.Interrupted or SocketError.ConnectionReset or SocketError.ConnectionRefused)
            {
                // Nothing came, or an earlier answer met a closed port.
            }
#pragma warning disable CA1031 // Whatever one datagram does, the next one is read.
            catch (Exception e)
#pragma warning restore CA1031
            {
                if (stopping.IsCancellationRequested)
                    break;
                LogReceiveFailed(e);
                stopping.WaitHandle.WaitOne(WakeEvery);
            }
        }

        _stopped.TrySetResult();
    }

    private int Receive(byte[] packet, Exchange exchange)
    {
        if (!_everywhere)
            return _socket.ReceiveFrom(packet, SocketFlags.None, exchange.Caller);
        var length = PacketInfo.Receive(_socket, packet, exchange.Caller, exchange.Info, out var infoLength);
        exchange.InfoLength = infoLength;
        return length;
    }

    /// <returns>True when the exchange is over; false when it goes on without this thread.</returns>
    private bool Answer(ReadOnlySpan<byte> packet, Exchange exchange, CancellationToken stopping)
    {
        var pending = _handler.HandleAsync(packet, exchange.Endpoint, exchange.Reply, stopping);
        if (pending.IsCompletedSuccessfully)
        {
            Send(exchange, pending.Result);
            return true;
        }

        _ = FinishAsync(pending, exchange);
        return false;
    }

    private async Task FinishAsync(ValueTask<int> pending, Exchange exchange)
    {
        try
        {
            Send(exchange, await pending);
        }
#pragma warning disable CA1031 // The client sends again, the operator gets the whole story.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogFailed(e);
        }
        finally
        {
            _free.Enqueue(exchange);
        }
    }

    private void Send(Exchange exchange, int length)
    {
        if (length == 0)
            return;
        try
        {
            if (_everywhere)
                PacketInfo.Send(_socket, exchange.Reply.AsSpan(0, length), exchange.Caller, exchange.Info.AsSpan(0, exchange.InfoLength));
            else
                _socket.SendTo(exchange.Reply.AsSpan(0, length), SocketFlags.None, exchange.Caller);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Unreachable, or stopping: an answer may get lost on the way as well.
        }
    }

    private Exchange? NextExchange()
    {
        if (_free.TryDequeue(out var free))
            return free;
        if (_exchanges == MaxInFlight)
            return null;
        _exchanges++;
        return new Exchange(_socket.AddressFamily);
    }

    /// <summary>A caller and the buffer for its answer, used again and again.</summary>
    private sealed class Exchange(AddressFamily family)
    {
        public SocketAddress Caller { get; } = new(family);

        public byte[] Reply { get; } = new byte[UdpReply.MaxLength];

        /// <summary>Where it was asked, see <see cref="PacketInfo"/>.</summary>
        public byte[] Info { get; } = new byte[PacketInfo.Length];

        public int InfoLength { get; set; }

        /// <summary>The caller as it lies in a <c>sockaddr</c>: port at 2 in network order, address at 4 (IPv4) or 8 (IPv6).</summary>
        public PeerEndpoint Endpoint
        {
            get
            {
                var bytes = Caller.Buffer.Span;
                var port = (ushort)((bytes[2] << 8) | bytes[3]);
                return new PeerEndpoint(Caller.Family == AddressFamily.InterNetworkV6 ? bytes.Slice(8, 16) : bytes.Slice(4, 4), port);
            }
        }
    }

    [LoggerMessage(LogLevel.Error, "An announce or scrape over UDP failed.")]
    private partial void LogFailed(Exception exception);

    [LoggerMessage(LogLevel.Warning, "Receiving over UDP failed; trying again.")]
    private partial void LogReceiveFailed(Exception exception);
}
