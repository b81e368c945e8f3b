using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Pbts.Api.Connections;

/// <summary>An epoll instance: which descriptors are ready, in the order in which they became so.</summary>
/// <param name="most">Most descriptors it tells at a time.</param>
internal sealed unsafe class Poller(int most) : IDisposable
{
    // struct epoll_event is packed on x86-64 alone.
    private static readonly int s_size = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private readonly byte* _ready = (byte*)NativeMemory.AllocZeroed((nuint)(most * s_size));
    private int _epoll = Check(Libc.CreateEpoll());

    /// <summary>Waits for ready descriptors and returns how many there are.</summary>
    public int Wait(int milliseconds)
    {
        var count = Libc.Wait(_epoll, _ready, most, milliseconds);
        return count >= 0 ? count : Libc.Error == Libc.Interrupted ? 0 : throw new Win32Exception(Libc.Error);
    }

    /// <summary>The descriptor at a place of the last wait.</summary>
    public int Descriptor(int place) => *(int*)(_ready + (place * s_size) + s_size - sizeof(long));

    /// <summary>
    /// What was given with the descriptor. A descriptor that is closed has its number taken by the next one that opens, and
    /// what was told of the old one in the same wait is then not about the new one.
    /// </summary>
    public int Generation(int place) => *(int*)(_ready + (place * s_size) + s_size - sizeof(int));

    /// <summary>For what the descriptor at a place is ready.</summary>
    public int Events(int place) => *(int*)(_ready + (place * s_size));

    public void Add(int descriptor, int events, int generation = 0) => Control(Libc.Add, descriptor, events, generation);

    public void Modify(int descriptor, int events, int generation = 0) => Control(Libc.Modify, descriptor, events, generation);

    public void Remove(int descriptor) => _ = Libc.Control(_epoll, Libc.Delete, descriptor, null);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _epoll, -1) is >= 0 and var epoll)
        {
            _ = Libc.Close(epoll);
            NativeMemory.Free(_ready);
        }
    }

    private void Control(int operation, int descriptor, int events, int generation)
    {
        var wanted = stackalloc byte[16];
        new Span<byte>(wanted, 16).Clear();
        *(int*)wanted = events;
        *(int*)(wanted + s_size - sizeof(long)) = descriptor;
        *(int*)(wanted + s_size - sizeof(int)) = generation;
        Check(Libc.Control(_epoll, operation, descriptor, wanted));
    }

    private static int Check(int result) => result >= 0 ? result : throw new Win32Exception(Libc.Error);
}
