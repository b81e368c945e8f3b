using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Pbts.Protocol.Threading;

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

    /// <summary>How often, in milliseconds, an idle thread looks whether it is to stop.</summary>
    private const int WakeEvery = 250;

    private readonly UdpHandler _handler;
    private readonly ILogger _logger;
    private readonly Socket _socket;

    /// <summary>Null where the system cannot take many at once.</summary>
    private readonly Datagrams? _datagrams;

    private readonly byte[] _packet = [];
    private readonly SocketAddress _caller;

    /// <summary>For the datagrams to come; those from <see cref="_ready"/> on are not there.</summary>
    private readonly UdpExchange?[] _exchanges = new UdpExchange?[Datagrams.Most];

    /// <summary>For what is dropped, because as much as may is under way.</summary>
    private readonly UdpExchange _spare;

    private readonly ConcurrentQueue<UdpExchange> _free = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _ready;
    private int _made;

    public UdpSocket(IPEndPoint endpoint, bool shared, UdpHandler handler, ILogger logger)
    {
        _handler = handler;
        _logger = logger;
        _socket = Open(endpoint);
        if (shared)
            _socket.SetRawSocketOption(SolSocket, SoReusePort, [1, 0, 0, 0]);
        _spare = new(_socket.AddressFamily);
        _caller = new(_socket.AddressFamily);
        if (Datagrams.IsSupported)
        {
            Datagrams.GiveUpAfter(_socket, WakeEvery);
            if (PacketInfo.IsNeeded(endpoint))
                PacketInfo.Enable(_socket);
            _datagrams = new(_socket, PacketInfo.IsNeeded(endpoint));
        }
        else
        {
            _socket.ReceiveTimeout = WakeEvery;
            _packet = new byte[65_535];
        }

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
        ThreadTurns.ComeSoon();
        var stopping = _stopping.Token;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                while (_ready < _exchanges.Length && NextExchange() is { } next)
                    _exchanges[_ready++] = next;
                if (_datagrams is null)
                    ServeOne(stopping);
                else
                    Serve(_datagrams, stopping);
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

    /// <summary>Answers what comes next, with whatever else is there.</summary>
    private void Serve(Datagrams datagrams, CancellationToken stopping)
    {
        if (_ready == 0)
        {
            datagrams.Receive([_spare]);
            return;
        }

        var received = datagrams.Receive(_exchanges.AsSpan(0, _ready)!);
        for (var i = 0; i < received; i++)
        {
            if (Handle(datagrams.Packet(i), i, stopping) is > 0 and var length)
                datagrams.Answer(_exchanges[i]!, length);
        }

        datagrams.Send();
        // Those that go on without this thread leave gaps.
        var kept = 0;
        for (var i = 0; i < _ready; i++)
        {
            if (_exchanges[i] is { } exchange)
                _exchanges[kept++] = exchange;
        }

        _ready = kept;
    }

    /// <summary>The same, one by one, where the system has nothing better.</summary>
    private void ServeOne(CancellationToken stopping)
    {
        var exchange = _ready == 0 ? _spare : _exchanges[_ready - 1]!;
        int length;
        try
        {
            length = _socket.ReceiveFrom(_packet, SocketFlags.None, _caller);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock or SocketError.Interrupted or SocketError.ConnectionReset or SocketError.ConnectionRefused)
        {
            return; // Nothing came, or an earlier answer met a closed port.
        }

        if (_ready == 0)
            return;
        exchange.NameUsed = _caller.Size;
        _caller.Buffer.Span[.._caller.Size].CopyTo(exchange.Name);
        if (Handle(_packet.AsSpan(0, length), _ready - 1, stopping) is > 0 and var answer)
            SendLate(exchange, answer);
        if (_exchanges[_ready - 1] is null)
            _ready--;
    }

    /// <returns>Length of the answer; 0 when there is none, or it goes on without this thread, which takes the exchange away.</returns>
    private int Handle(ReadOnlySpan<byte> packet, int number, CancellationToken stopping)
    {
        var exchange = _exchanges[number]!;
        try
        {
            var pending = _handler.HandleAsync(packet, exchange.Endpoint, exchange.Reply, stopping);
            if (pending.IsCompletedSuccessfully)
                return pending.Result;
            _exchanges[number] = null;
            _ = FinishAsync(pending, exchange);
        }
#pragma warning disable CA1031 // The others are answered all the same.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(e);
        }

        return 0;
    }

    private async Task FinishAsync(ValueTask<int> pending, UdpExchange exchange)
    {
        try
        {
            if (await pending is > 0 and var length)
                SendLate(exchange, length);
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

    private void SendLate(UdpExchange exchange, int length)
    {
        try
        {
            if (_datagrams is not null)
                _datagrams.SendLate(exchange, length);
            else
                _socket.SendTo(exchange.Reply.AsSpan(0, length), SocketFlags.None, AddressOf(exchange));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Unreachable, or stopping: an answer may get lost on the way as well.
        }
    }

    private SocketAddress AddressOf(UdpExchange exchange)
    {
        var address = new SocketAddress(_socket.AddressFamily, exchange.NameUsed);
        exchange.Name.AsSpan(0, exchange.NameUsed).CopyTo(address.Buffer.Span);
        return address;
    }

    private UdpExchange? NextExchange()
    {
        if (_free.TryDequeue(out var free))
            return free;
        if (_made == MaxInFlight + Datagrams.Most)
            return null;
        _made++;
        return new UdpExchange(_socket.AddressFamily);
    }

    [LoggerMessage(LogLevel.Error, "An announce or scrape over UDP failed.")]
    private partial void LogFailed(Exception exception);

    [LoggerMessage(LogLevel.Warning, "Receiving over UDP failed; trying again.")]
    private partial void LogReceiveFailed(Exception exception);
}
