using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace Pbts.GrainInterfaces.Operations;

/// <summary>
/// Threads for work that keeps a processor busy, such as verifying signatures, so that neither grains nor the thread
/// pool wait for it. Bounded on both sides: a full queue says no at once.
/// </summary>
public sealed class BoundedWorkers : IDisposable
{
    private const int ThreadNiceness = 10;

    private readonly Channel<Action> _queue;

    /// <param name="workers">Threads; 0 for one less than there are processors, so that announces find one free.</param>
    /// <param name="capacity">Jobs that may wait.</param>
    public BoundedWorkers(int workers, int capacity)
    {
        _queue = Channel.CreateBounded<Action>(capacity);
        for (var i = 0; i < (workers > 0 ? workers : Math.Max(1, Environment.ProcessorCount - 1)); i++)
            new Thread(Work) { IsBackground = true, Name = "pbts-worker" }.Start();
    }

    /// <summary>Jobs that wait for a thread.</summary>
    public int Waiting => _queue.Reader.Count;

    /// <summary>Runs the job; null when too many wait.</summary>
    public Task<T>? TryRun<T>(Func<T> job)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        return _queue.Writer.TryWrite(Run) ? result.Task : null;

        void Run()
        {
            try
            {
                result.SetResult(job());
            }
#pragma warning disable CA1031 // Whatever went wrong belongs to the caller who waits; the worker goes on.
            catch (Exception e)
#pragma warning restore CA1031
            {
                result.SetException(e);
            }
        }
    }

    /// <summary>Finishes what waits and takes no more.</summary>
    public void Dispose() => _queue.Writer.TryComplete();

    private void Work()
    {
        // Announces go before signatures: a report may wait, a client must not notice. .NET's own thread priorities do
        // nothing on Linux; there, "process 0" of this call is the calling thread.
        if (OperatingSystem.IsLinux())
            _ = SetPriority(0, 0, ThreadNiceness);

        // A thread of its own may block: that is what it is for.
        while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_queue.Reader.TryRead(out var job))
                job();
        }
    }

    [DllImport("libc", EntryPoint = "setpriority"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetPriority(int which, int who, int niceness);
}
