using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Configuration;

namespace Pbts.Grains.Swarms;

/// <summary>
/// Transfer that clients claim in announces, summed by user until <see cref="Drain"/> takes it to the database. It is the
/// client's word, kept apart from what receipts prove, and a crash may lose the last few seconds of it.
/// </summary>
internal sealed class ClaimedTotals(IOptions<TrackerOptions> options)
{
    private readonly ConcurrentDictionary<string, (long Uploaded, long Downloaded)> _pending = new();

    public void Add(string userId, AnnounceEffect effect)
    {
        // More than the line could have carried is not believed.
        var most = Math.Max(1, effect.Seconds) * options.Value.PlausibleBytesPerSecond;
        var uploaded = Math.Min(effect.Uploaded, most);
        var downloaded = Math.Min(effect.Downloaded, most);
        Restore(userId, (uploaded, downloaded));
    }

    /// <summary>Puts back what could not be written.</summary>
    public void Restore(string userId, (long Uploaded, long Downloaded) sum) =>
        _pending.AddOrUpdate(userId, sum, (_, known) => (known.Uploaded + sum.Uploaded, known.Downloaded + sum.Downloaded));

    /// <summary>Takes what has gathered since the last call.</summary>
    public IReadOnlyDictionary<string, (long Uploaded, long Downloaded)> Drain()
    {
        var drained = new Dictionary<string, (long, long)>();
        foreach (var (user, _) in _pending)
        {
            if (_pending.TryRemove(user, out var sum))
                drained.Add(user, sum);
        }

        return drained;
    }
}
