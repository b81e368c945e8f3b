using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pbts.Api.Udp;

/// <summary>
/// Receives as many datagrams as there are, and sends as many answers, with one call each (recvmmsg(2), sendmmsg(2)). Linux only.
/// For one thread, but for <see cref="SendLate"/>.
/// </summary>
/// <param name="withInfo">Whether the kernel says, and is told, which of the machine's addresses was asked.</param>
internal sealed unsafe partial class Datagrams(Socket socket, bool withInfo)
{
    /// <summary>The most taken at once: whoever came first waits for the answers of all of them.</summary>
    public const int Most = 32;

    /// <summary>One byte more than a request may have shows that it is too long.</summary>
    private const int PacketLength = UdpHandler.MaxRequest + 1;

    private const int WaitForOne = 0x10000;
    private const int Interrupted = 4;

    private readonly SafeSocketHandle _handle = socket.SafeHandle;
    private readonly byte[] _packets = GC.AllocateUninitializedArray<byte>(Most * PacketLength, pinned: true);
    private readonly Part[] _parts = GC.AllocateArray<Part>(2 * Most, pinned: true);
    private readonly Numbered[] _received = GC.AllocateArray<Numbered>(Most, pinned: true);
    private readonly Numbered[] _answers = GC.AllocateArray<Numbered>(Most, pinned: true);
    private int _answered;

    public static bool IsSupported => OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    /// <summary>Has receiving give up after some milliseconds.</summary>
    public static void GiveUpAfter(Socket socket, int milliseconds)
    {
        const int solSocket = 1, receiveTimeout = 20;
        var time = new byte[16];
        BitConverter.TryWriteBytes(time, milliseconds / 1000L);
        BitConverter.TryWriteBytes(time.AsSpan(8), milliseconds % 1000 * 1000L);
        socket.SetRawSocketOption(solSocket, receiveTimeout, time);
    }

    /// <summary>Waits for one datagram, and takes those behind it that are there too: one for each exchange at most.</summary>
    /// <returns>How many; 0 when none came in time, or an earlier answer met a closed port.</returns>
    public int Receive(ReadOnlySpan<UdpExchange> exchanges)
    {
        const int tryAgain = 11, refused = 111;
        for (var i = 0; i < exchanges.Length; i++)
        {
            _parts[i] = new() { Bytes = At(_packets, i * PacketLength), Length = PacketLength };
            _received[i].Message = new()
            {
                Name = At(exchanges[i].Name), NameLength = UdpExchange.NameLength, Parts = At(_parts, i), PartCount = 1,
                Control = withInfo ? At(exchanges[i].Info) : null, ControlLength = withInfo ? PacketInfo.Length : 0u,
            };
        }

        var count = recvmmsg(_handle, At(_received), (uint)exchanges.Length, WaitForOne, null);
        if (count < 0)
            return Marshal.GetLastPInvokeError() is Interrupted or tryAgain or refused ? 0 : throw new SocketException(Marshal.GetLastPInvokeError());
        for (var i = 0; i < count; i++)
        {
            var (exchange, message) = (exchanges[i], _received[i].Message);
            (exchange.NameUsed, exchange.InfoUsed) = ((int)message.NameLength, (int)message.ControlLength);
            PacketInfo.ForgetInterface(socket.AddressFamily, exchange.Info.AsSpan(0, exchange.InfoUsed));
        }

        return count;
    }

    /// <summary>A datagram of the last <see cref="Receive"/>.</summary>
    public ReadOnlySpan<byte> Packet(int number) => _packets.AsSpan(number * PacketLength, (int)_received[number].Length);

    /// <summary>An answer, to be sent by the next <see cref="Send"/>.</summary>
    public void Answer(UdpExchange exchange, int length)
    {
        _parts[Most + _answered] = new() { Bytes = At(exchange.Reply), Length = (nuint)length };
        _answers[_answered].Message = AnswerTo(exchange, At(_parts, Most + _answered));
        _answered++;
    }

    /// <summary>Sends what has been answered. What cannot be sent is lost, as it may be on the way as well.</summary>
    public void Send()
    {
        for (var sent = 0; sent < _answered;)
        {
            var count = sendmmsg(_handle, At(_answers, sent), (uint)(_answered - sent), 0);
            if (count > 0)
                sent += count;
            else if (Marshal.GetLastPInvokeError() != Interrupted)
                sent++;
        }

        _answered = 0;
    }

    /// <summary>Sends one answer, from any thread.</summary>
    public void SendLate(UdpExchange exchange, int length)
    {
        var part = new Part { Bytes = At(exchange.Reply), Length = (nuint)length };
        var message = AnswerTo(exchange, &part);
        while (sendmsg(_handle, &message, 0) < 0 && Marshal.GetLastPInvokeError() == Interrupted)
        {
        }
    }

    private static Message AnswerTo(UdpExchange exchange, Part* part) => new()
    {
        Name = At(exchange.Name), NameLength = (uint)exchange.NameUsed, Parts = part, PartCount = 1,
        Control = exchange.InfoUsed > 0 ? At(exchange.Info) : null, ControlLength = (nuint)exchange.InfoUsed,
    };

    /// <summary>Where an element of a pinned array is.</summary>
    private static T* At<T>(T[] pinned, int index = 0)
        where T : unmanaged => (T*)Unsafe.AsPointer(ref pinned[index]);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int recvmmsg(SafeSocketHandle socket, Numbered* messages, uint count, int flags, void* timeout);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sendmmsg(SafeSocketHandle socket, Numbered* messages, uint count, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendmsg(SafeSocketHandle socket, Message* message, int flags);

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

    /// <summary><c>struct mmsghdr</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Numbered
    {
        public Message Message;
        public uint Length;
    }
}
