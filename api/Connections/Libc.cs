using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Pbts.Api.Connections;

/// <summary>The calls of Linux that the announce path makes itself. Each returns -1 on an error, which <see cref="Error"/> then tells.</summary>
internal static unsafe partial class Libc
{
    public const int EpollIn = 0x1;
    public const int EpollOut = 0x4;

    /// <summary>The other side sends no more.</summary>
    public const int EpollHalfClosed = 0x2000;
    public const int EpollExclusive = 1 << 28;

    /// <summary>Tells once what has come, not again as long as it is there.</summary>
    public const int EpollEdge = 1 << 31;

    public const int Add = 1;
    public const int Delete = 2;
    public const int Modify = 3;

    public const int TryAgain = 11;
    public const int Interrupted = 4;
    public const int TooManyFiles = 24;
    public const int TooManyFilesInSystem = 23;

    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int NoSignal = 0x4000;
    private const int ShutWrite = 1;
    private const int NumberOfFiles = 7;

    public static int Error => Marshal.GetLastPInvokeError();

    public static int CreateEpoll() => epoll_create1(CloseOnExec);

    /// <summary>A counter to wake a thread by, see <see cref="Signal"/>.</summary>
    public static int CreateEvent() => eventfd(0, CloseOnExec | NonBlocking);

    /// <param name="length">Length of the buffer; then of the address.</param>
    public static int Accept(int listener, byte* address, ref int length) => accept4(listener, address, ref length, CloseOnExec | NonBlocking);

    public static int Send(int socket, byte* bytes, int length) => (int)send(socket, bytes, length, NoSignal);

    public static int Receive(int socket, byte* bytes, int length) => (int)recv(socket, bytes, length, 0);

    public static void ShutdownWrite(int socket) => _ = shutdown(socket, ShutWrite);

    public static void Signal(int counter)
    {
        var one = 1L;
        _ = write(counter, &one, sizeof(long));
    }

    public static void TakeSignals(int counter)
    {
        long count;
        _ = read(counter, &count, sizeof(long));
    }

    /// <summary>How many descriptors this process may have (RLIMIT_NOFILE, the soft limit); .NET raises it to the hard one at start.</summary>
    public static long DescriptorLimit()
    {
        var limit = stackalloc ulong[2];
        return getrlimit(NumberOfFiles, limit) == 0 ? (long)Math.Min(limit[0], int.MaxValue) : throw new Win32Exception(Error);
    }

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int Wait(int epoll, byte* events, int most, int milliseconds);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int Control(int epoll, int operation, int descriptor, byte* ready);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getrlimit(int resource, ulong* limit);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint value, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int accept4(int socket, byte* address, ref int length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(int socket, byte* bytes, nint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recv(int socket, byte* bytes, nint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int shutdown(int socket, int how);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int descriptor, void* bytes, nint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int descriptor, void* bytes, nint length);
}
