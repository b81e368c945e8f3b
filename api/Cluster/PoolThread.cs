using System.Runtime.CompilerServices;

namespace Pbts.Api.Cluster;

/// <summary>
/// The way from a thread of our own to the thread pool, to be awaited before every call of a grain. Orleans takes what a call
/// needs from a store of the calling thread and puts it back into that of the thread that has the answer, which is one of the
/// pool; no store has a limit. A thread that only calls would make that of the pool's threads grow with every call.
/// </summary>
internal readonly struct PoolThread : ICriticalNotifyCompletion
{
    public bool IsCompleted => Thread.CurrentThread.IsThreadPoolThread;

    public static PoolThread Enter() => default;

    public PoolThread GetAwaiter() => this;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation) => ThreadPool.UnsafeQueueUserWorkItem(static next => next(), continuation, preferLocal: false);
}
