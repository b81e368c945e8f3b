using System.Diagnostics.CodeAnalysis;

namespace Pbts.Hosting.Workers;

/// <summary>
/// A bounded queue in which callers take turns: whoever asks for one thing waits for one thing of each other caller at
/// most, however much those have waiting. When it is full, who has most waiting makes room. Not for several threads.
/// </summary>
internal sealed class FairLane<T>(int capacity)
{
    private readonly Dictionary<ulong, LinkedList<T>> _waiting = [];
    private readonly Queue<ulong> _turns = [];

    /// <summary>Items that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Queues the item; false when the lane is full and nobody has two more waiting than this caller.</summary>
    /// <param name="first">Whether it goes before what else the caller has waiting: it goes on with what was begun.</param>
    /// <param name="displaced">The newest item of the caller that made room, if one had to.</param>
    public bool TryAdd(ulong caller, T item, bool first, out T? displaced)
    {
        displaced = default;
        _waiting.TryGetValue(caller, out var own);
        if (Count >= capacity)
        {
            var longest = _waiting.Values.MaxBy(items => items.Count);
            if (longest is null || longest.Count < (own?.Count ?? 0) + 2)
                return false;
            displaced = longest.Last!.Value;
            longest.RemoveLast();
            Count--;
        }

        if (own is null)
        {
            _waiting.Add(caller, own = new());
            _turns.Enqueue(caller);
        }

        if (first)
            own.AddFirst(item);
        else
            own.AddLast(item);
        Count++;
        return true;
    }

    /// <summary>Takes the oldest item of the caller whose turn it is.</summary>
    public bool TryTake([MaybeNullWhen(false)] out T item)
    {
        item = default;
        if (!_turns.TryDequeue(out var caller))
            return false;
        var own = _waiting[caller];
        item = own.First!.Value;
        own.RemoveFirst();
        Count--;
        if (own.Count > 0)
            _turns.Enqueue(caller);
        else
            _waiting.Remove(caller);
        return true;
    }
}
