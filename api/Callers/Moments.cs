using System.Collections.Concurrent;

namespace Pbts.Api.Callers;

/// <summary>Answers that cost something and are the same for everybody, good for a second: however many ask, it is found out once.</summary>
internal sealed class Moments(TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Moment> _moments = new();

    /// <summary>What was found out within the last second, or is being found out.</summary>
    /// <param name="name">One of the program's own names, never a caller's.</param>
    public Task<T> GetAsync<T>(string name, Func<Task<T>> find)
    {
        if (_moments.TryGetValue(name, out var moment) && time.GetElapsedTime(moment.At) < Lifetime && moment.Answer.Value is Task<T> { IsFaulted: false, IsCanceled: false } known)
            return known;
        var fresh = new Moment(time.GetTimestamp(), new(find));
        var current = moment is null ? _moments.GetOrAdd(name, fresh) : _moments.TryUpdate(name, fresh, moment) ? fresh : _moments.GetOrAdd(name, fresh);
        return (Task<T>)current.Answer.Value;
    }

    /// <summary>Something has changed.</summary>
    public void Forget() => _moments.Clear();

    private sealed record Moment(long At, Lazy<Task> Answer);
}
