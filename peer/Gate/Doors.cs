using System.Net;
using System.Net.Sockets;
using Pbts.Protocol.Receipts;

namespace Pbts.Peer.Gate;

/// <summary>
/// Addresses of this machine, each of which stands for one peer of one torrent: the client is told of them in place of the
/// peers. All have one port, on which the loopback interface alone is listened to. Thread-safe.
/// </summary>
/// <param name="first">First number of the addresses.</param>
/// <param name="second">Second number.</param>
internal sealed class Doors(byte first, byte second) : IDisposable
{
    /// <summary>The doors are the lower half of the addresses; the upper half is where the gate calls the client from.</summary>
    private const ushort MostDoors = ushort.MaxValue / 2;

    private const int SolSocket = 1;
    private const int SoBindToDevice = 25;

    private readonly Lock _gate = new();
    private readonly Dictionary<(InfoHash Torrent, IPEndPoint Peer), ushort> _numbers = [];
    private readonly Dictionary<ushort, (InfoHash Torrent, IPEndPoint Peer)> _doors = [];
    private readonly Queue<ushort> _oldest = new();
    private ushort _next;
    private Socket? _listener;

    /// <summary>The port of all doors.</summary>
    public int Port { get; private set; }

    /// <summary>Begins to listen.</summary>
    /// <param name="port">The port; another one is taken when it is not to be had.</param>
    /// <exception cref="SocketException">It cannot be listened on the loopback interface.</exception>
    public void Listen(int port)
    {
        try
        {
            _listener = Bind(port);
        }
        catch (SocketException) when (port != 0)
        {
            _listener = Bind(0);
        }

        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
    }

    /// <summary>The next call at a door.</summary>
    public ValueTask<Socket> AcceptAsync(CancellationToken cancellationToken) => _listener!.AcceptAsync(cancellationToken);

    /// <summary>The door of a peer, made when there is none. When all addresses are taken, the oldest door is moved.</summary>
    public IPEndPoint Of(InfoHash torrent, IPEndPoint peer)
    {
        lock (_gate)
        {
            if (!_numbers.TryGetValue((torrent, peer), out var number))
            {
                if (_doors.Count == MostDoors)
                    Forget(_oldest.Dequeue());
                do
                    _next = (ushort)(_next % MostDoors + 1);
                while (_doors.ContainsKey(_next));
                number = _next;
                _doors[number] = (torrent, peer);
                _numbers[(torrent, peer)] = number;
                _oldest.Enqueue(number);
            }

            return new IPEndPoint(AddressOf(number), Port);
        }
    }

    /// <summary>Where a peer's calls to the client come from: the same for all of one address, and hardly ever that of another.</summary>
    public IPAddress SourceOf(IPAddress peer) => AddressOf((ushort)(MostDoors + 1 + (uint)peer.GetHashCode() % MostDoors));

    /// <summary>The peer behind a door.</summary>
    public bool TryGet(IPAddress door, out InfoHash torrent, out IPEndPoint peer)
    {
        var bytes = door.MapToIPv4().GetAddressBytes();
        lock (_gate)
        {
            (torrent, peer) = (default, new IPEndPoint(0, 0));
            if (bytes[0] != first || bytes[1] != second || !_doors.TryGetValue((ushort)(bytes[2] << 8 | bytes[3]), out var known))
                return false;
            (torrent, peer) = known;
            return true;
        }
    }

    /// <summary>The doors there are, to be made again after a restart.</summary>
    public IReadOnlyList<(ushort Number, InfoHash Torrent, IPEndPoint Peer)> All
    {
        get
        {
            lock (_gate)
                return [.. _oldest.Select(number => (number, _doors[number].Torrent, _doors[number].Peer))];
        }
    }

    /// <summary>Makes a door again.</summary>
    public void Recall(ushort number, InfoHash torrent, IPEndPoint peer)
    {
        lock (_gate)
        {
            if (number is 0 or > MostDoors || _doors.ContainsKey(number) || !_numbers.TryAdd((torrent, peer), number))
                return;
            _doors[number] = (torrent, peer);
            _oldest.Enqueue(number);
        }
    }

    public void Dispose() => _listener?.Dispose();

    private IPAddress AddressOf(ushort number) => new([first, second, (byte)(number >> 8), (byte)number]);

    private void Forget(ushort number)
    {
        if (_doors.Remove(number, out var door))
            _numbers.Remove(door);
    }

    private static Socket Bind(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            // One socket for all addresses of this machine, and none that comes from outside.
            socket.SetRawSocketOption(SolSocket, SoBindToDevice, "lo\0"u8);
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            socket.Listen(256);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
