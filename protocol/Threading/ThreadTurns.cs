using System.Runtime.InteropServices;

namespace Pbts.Protocol.Threading;

/// <summary>What a thread asks of Linux's scheduler for itself. .NET's thread priorities do nothing there; elsewhere these do nothing.</summary>
public static partial class ThreadTurns
{
    private const int ThisThread = 0;

    /// <summary>The shortest there is, in nanoseconds.</summary>
    private const ulong ShortestSlice = 100_000;

    /// <summary>This thread comes after others: setpriority(2), which is of a thread on Linux.</summary>
    /// <param name="niceness">1 to 19, the most patient.</param>
    public static void ComeLater(int niceness)
    {
        if (OperatingSystem.IsLinux())
            _ = setpriority(ThisThread, ThisThread, niceness);
    }

    /// <summary>
    /// This thread works for a moment whenever somebody asks: it is to run at once then, not after the slice (3 ms) of whoever runs
    /// now. It gets no larger share for it. sched_setattr(2), of which Linux takes a slice since 6.12; one before lets it pass.
    /// </summary>
    public static unsafe void ComeSoon()
    {
        var number = RuntimeInformation.ProcessArchitecture switch { Architecture.X64 => 314, Architecture.Arm64 => 274, _ => 0 };
        if (!OperatingSystem.IsLinux() || number == 0)
            return;
        var attributes = new SchedulingAttributes { Size = (uint)sizeof(SchedulingAttributes), Niceness = getpriority(ThisThread, ThisThread), Slice = ShortestSlice };
        _ = syscall(number, ThisThread, &attributes, 0);
    }

    [LibraryImport("libc")]
    private static partial int getpriority(int which, uint who);

    [LibraryImport("libc")]
    private static partial int setpriority(int which, uint who, int niceness);

    // glibc has a function of its own for it only since 2.41.
    [LibraryImport("libc")]
    private static unsafe partial nint syscall(nint number, nint thread, SchedulingAttributes* attributes, nint flags);

    /// <summary>struct sched_attr, as it was first; the policy is SCHED_OTHER.</summary>
    private struct SchedulingAttributes
    {
        public uint Size;
        public uint Policy;
        public ulong Flags;
        public int Niceness;
        public uint Priority;
        public ulong Slice;
        public ulong Deadline;
        public ulong Period;
    }
}
