using System.Collections.Concurrent;
using Pbts.Protocol.Threading;

namespace Pbts.Peer.Exchange;

/// <summary>
/// One thread for signatures and their journals, in the order given. It yields to the threads that move data: what it does
/// is owed, but nobody waits for it in the middle of a transfer.
/// </summary>
internal sealed class BackgroundThread : IDisposable
{
    private const int Niceness = 5;

    private readonly BlockingCollection<Action> _work = [];

    public BackgroundThread(string name) => new Thread(Run) { IsBackground = true, Name = name, Priority = ThreadPriority.BelowNormal }.Start();

    /// <summary>Runs <paramref name="work"/> when its turn comes; its exceptions are the task's.</summary>
    /// <exception cref="InvalidOperationException">Disposed.</exception>
    public Task RunAsync(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                work();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    /// <summary>Ends the thread after what it was given.</summary>
    public void Dispose() => _work.CompleteAdding();

    private void Run()
    {
        ThreadTurns.ComeLater(Niceness);
        foreach (var work in _work.GetConsumingEnumerable())
            work();
        _work.Dispose();
    }
}
