using System.Runtime.InteropServices;
using Pbts.Protocol.Threading;

namespace Pbts.Protocol.Tests.Threading;

public sealed partial class ThreadTurnsTests
{
    [Fact]
    public void A_thread_that_comes_later_may_come_soon_and_stays_as_nice()
    {
        var (before, later, soon) = (default(Turn), default(Turn), default(Turn));
        // A thread of its own: nobody takes back niceness.
        var thread = new Thread(() =>
        {
            before = Turn.OfThisThread();
            ThreadTurns.ComeLater(7);
            later = Turn.OfThisThread();
            ThreadTurns.ComeSoon();
            soon = Turn.OfThisThread();
        });
        thread.Start();
        thread.Join();
        Assert.Equal((before.Niceness + 7, before.Slice), (later.Niceness, later.Slice));
        // Linux has slices of threads since 6.12; before, nothing happens.
        Assert.Equal((later.Niceness, Environment.OSVersion.Version >= new Version(6, 12) ? 100_000 : before.Slice), (soon.Niceness, soon.Slice));
    }

    /// <summary>From sched_getattr(2).</summary>
    private readonly record struct Turn(int Niceness, ulong Slice)
    {
        public static unsafe Turn OfThisThread()
        {
            var attributes = stackalloc byte[48];
            Assert.Equal(0, syscall(RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 315 : 275, 0, attributes, 48, 0));
            return new(*(int*)(attributes + 16), *(ulong*)(attributes + 24));
        }
    }

    [LibraryImport("libc")]
    private static unsafe partial nint syscall(nint number, nint thread, byte* attributes, nint size, nint flags);
}
