using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Pbts.Api.Udp;

/// <summary>
/// Receives datagrams together with the address they were sent to, and answers from there (ip(7) <c>IP_PKTINFO</c>, RFC 3542
/// <c>IPV6_PKTINFO</c>): on a machine with several addresses a client takes no answer from another one. Linux only.
/// </summary>
internal static unsafe partial class PacketInfo
{
    /// <summary>Bytes of what the kernel says of a datagram, and is told of an answer.</summary>
    public const int Length = 40;

    private const int HeadLength = 16;

    /// <summary>Whether sockets at this endpoint need it: they listen at every address.</summary>
    public static bool IsNeeded(IPEndPoint endpoint) =>
        OperatingSystem.IsLinux() && Environment.Is64BitProcess && (endpoint.Address.Equals(IPAddress.Any) || endpoint.Address.Equals(IPAddress.IPv6Any));

    /// <summary>Asks the kernel for it, and to give up receiving after some milliseconds.</summary>
    public static void Enable(Socket socket, int timeout)
    {
        const int solSocket = 1, receiveTimeout = 20, ip = 0, packetInfo = 8, ip6 = 41, receivePacketInfo6 = 49;
        var time = new byte[16];
        BitConverter.TryWriteBytes(time, timeout / 1000L);
        BitConverter.TryWriteBytes(time.AsSpan(8), timeout % 1000 * 1000L);
        socket.SetRawSocketOption(solSocket, receiveTimeout, time);
        if (socket.AddressFamily == AddressFamily.InterNetworkV6)
            socket.SetRawSocketOption(ip6, receivePacketInfo6, [1, 0, 0, 0]);
        else
            socket.SetRawSocketOption(ip, packetInfo, [1, 0, 0, 0]);
    }

    /// <summary>Receives one datagram.</summary>
    /// <param name="info">What to give back to <see cref="Send"/>.</param>
    public static int Receive(Socket socket, Span<byte> packet, SocketAddress caller, Span<byte> info, out int infoLength)
    {
        fixed (byte* bytes = packet, name = caller.Buffer.Span, control = info)
        {
            var part = new Part { Bytes = bytes, Length = (nuint)packet.Length };
            var message = new Message { Name = name, NameLength = (uint)caller.Buffer.Length, Parts = &part, PartCount = 1, Control = control, ControlLength = (nuint)info.Length };
            var count = recvmsg((int)socket.Handle, &message, 0);
            if (count < 0)
                throw Failure();
            caller.Size = (int)message.NameLength;
            infoLength = (int)message.ControlLength;

            // The route decides by which interface an answer goes.
            var number = socket.AddressFamily == AddressFamily.InterNetworkV6 ? HeadLength + 16 : HeadLength;
            if (infoLength >= number + 4)
                info.Slice(number, 4).Clear();
            return (int)count;
        }
    }

    /// <summary>Sends one datagram from the address that the other was sent to.</summary>
    public static void Send(Socket socket, ReadOnlySpan<byte> packet, SocketAddress caller, Span<byte> info)
    {
        fixed (byte* bytes = packet, name = caller.Buffer.Span, control = info)
        {
            var part = new Part { Bytes = bytes, Length = (nuint)packet.Length };
            var message = new Message { Name = name, NameLength = (uint)caller.Size, Parts = &part, PartCount = 1, Control = info.IsEmpty ? null : control, ControlLength = (nuint)info.Length };
            if (sendmsg((int)socket.Handle, &message, 0) < 0)
                throw Failure();
        }
    }

    private static SocketException Failure()
    {
        const int interrupted = 4, tryAgain = 11, refused = 111;
        var error = Marshal.GetLastPInvokeError();
        return new((int)(error switch { interrupted or tryAgain => SocketError.TimedOut, refused => SocketError.ConnectionRefused, _ => SocketError.SocketError }), $"error {error}");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvmsg(int socket, Message* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendmsg(int socket, Message* message, int flags);

    /// <summary><c>struct iovec</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Part
    {
        public byte* Bytes;
        public nuint Length;
    }

    /// <summary><c>struct msghdr</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public byte* Name;
        public uint NameLength;
        public Part* Parts;
        public nuint PartCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }
}
