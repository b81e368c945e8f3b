using System.Threading.Channels;

namespace Pbts.Hosting.Workers;

/// <summary>
/// Gathers the work that many callers hand in while a round trip is under way into the next one, so that the database sees
/// one for all of them. Bounded: <see cref="TryRun"/> says no when too many wait.
/// </summary>
public sealed class Batcher<TItem, TResult> : IAsyncDisposable
{
    private readonly Channel<(TItem Item, TaskCompletionSource<TResult> Result)> _queue;
    private readonly Func<IReadOnlyList<TItem>, Task<IReadOnlyList<TResult>>> _execute;
    private readonly Task[] _workers;
    private readonly int _maxBatch;

    /// <param name="execute">Runs one batch; results in the order of the items.</param>
    /// <param name="maxBatch">Most items in one round trip.</param>
    /// <param name="capacity">Most items waiting.</param>
    /// <param name="workers">Round trips under way at once.</param>
    public Batcher(Func<IReadOnlyList<TItem>, Task<IReadOnlyList<TResult>>> execute, int maxBatch, int capacity, int workers = 1)
    {
        ArgumentNullException.ThrowIfNull(execute);
        _execute = execute;
        _maxBatch = maxBatch;
        _queue = Channel.CreateBounded<(TItem, TaskCompletionSource<TResult>)>(capacity);
        _workers = [.. Enumerable.Range(0, workers).Select(_ => WorkAsync())];
    }

    /// <summary>Items that wait for a round trip.</summary>
    public int Waiting => _queue.Reader.Count;

    /// <summary>Queues the item; null when the queue is full or closed.</summary>
    public Task<TResult>? TryRun(TItem item)
    {
        var result = new TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        return _queue.Writer.TryWrite((item, result)) ? result.Task : null;
    }

    /// <summary>Finishes what is queued and takes no more.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await Task.WhenAll(_workers);
    }

    private async Task WorkAsync()
    {
        await Task.Yield();
        var batch = new List<(TItem Item, TaskCompletionSource<TResult> Result)>();
        while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            batch.Clear();
            while (batch.Count < _maxBatch && _queue.Reader.TryRead(out var next))
                batch.Add(next);
            if (batch.Count == 0)
                continue; // Another worker was faster.
            try
            {
                var results = await _execute([.. batch.Select(entry => entry.Item)]).ConfigureAwait(false);
                for (var i = 0; i < batch.Count; i++)
                    batch[i].Result.TrySetResult(results[i]);
            }
#pragma warning disable CA1031 // Whatever went wrong belongs to the callers who wait; the worker goes on.
            catch (Exception e)
#pragma warning restore CA1031
            {
                foreach (var (_, result) in batch)
                    result.TrySetException(e);
            }
        }
    }
}
