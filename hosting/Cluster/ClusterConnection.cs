using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Pbts.Hosting.Cluster;

/// <summary>
/// A connection between two processes of a cluster beside those of Orleans, for a thread of its own on each side: every call
/// blocks. Both prove the cluster's key; then frames pass, of a length (4 bytes, little-endian) and so many bytes.
/// </summary>
/// <remarks>Nothing here is asynchronous, not even connecting: a socket that has once been used so goes through one more thread for good.</remarks>
public sealed class ClusterConnection : IDisposable
{
    private const int LengthSize = 4;

    private readonly Socket _socket;
    private readonly SslStream _stream;
    private byte[] _output = [];

    private ClusterConnection(Socket socket, SslStream stream) => (_socket, _stream) = (socket, stream);

    /// <summary>Connects to another process of the cluster.</summary>
    /// <param name="patience">Longest for connecting and the handshake together, then for every wait for a frame.</param>
    /// <exception cref="Exception">It is not there, has another key or did not answer in time; of what kind follows from what went wrong.</exception>
    public static ClusterConnection Open(IPEndPoint address, ClusterKey key, TimeSpan patience)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(key);
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        var stream = Prove(socket, patience, () =>
        {
            socket.Connect(address);
            return key.AuthenticateAsClient(new NetworkStream(socket, ownsSocket: true));
        });
        socket.ReceiveTimeout = (int)patience.TotalMilliseconds;
        return stream;
    }

    /// <summary>Takes a connection from another process of the cluster.</summary>
    /// <param name="patience">Longest for the handshake, then for whoever sends no more to take what it is sent.</param>
    /// <exception cref="Exception">As with <see cref="Open"/>.</exception>
    public static ClusterConnection Take(Socket socket, ClusterKey key, TimeSpan patience)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentNullException.ThrowIfNull(key);
        return Prove(socket, patience, () => key.AuthenticateAsServer(new NetworkStream(socket, ownsSocket: true)));
    }

    /// <summary>Sends a frame.</summary>
    /// <exception cref="IOException">The connection is over.</exception>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        // Length and bytes in one piece, for one call of the kernel.
        if (_output.Length < bytes.Length + LengthSize)
            _output = new byte[Math.Max(bytes.Length + LengthSize, 2 * _output.Length)];
        BinaryPrimitives.WriteInt32LittleEndian(_output, bytes.Length);
        bytes.CopyTo(_output.AsSpan(LengthSize));
        _stream.Write(_output.AsSpan(0, bytes.Length + LengthSize));
    }

    /// <summary>Waits for the next frame.</summary>
    /// <param name="most">Most bytes in it.</param>
    /// <exception cref="IOException">The connection is over, or a frame is longer.</exception>
    public byte[] Receive(int most)
    {
        Span<byte> length = stackalloc byte[LengthSize];
        _stream.ReadExactly(length);
        if (BinaryPrimitives.ReadInt32LittleEndian(length) is var size && (uint)size > (uint)most)
            throw new IOException($"A frame of {size} bytes: {most} are the most.");
        var frame = new byte[size];
        _stream.ReadExactly(frame);
        return frame;
    }

    /// <summary>Ends the connection, from whatever thread: whoever waits for a frame waits no longer.</summary>
    public void Dispose() => _socket.Dispose();

    /// <summary>Has both sides prove the key, within the time for it however slowly the other one sends.</summary>
    private static ClusterConnection Prove(Socket socket, TimeSpan patience, Func<SslStream> authenticate)
    {
        try
        {
            using var end = new Timer(_ => socket.Dispose(), null, patience, Timeout.InfiniteTimeSpan);
            socket.NoDelay = true;
            socket.SendTimeout = (int)patience.TotalMilliseconds;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            return new(socket, authenticate());
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
