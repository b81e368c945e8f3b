using System.Collections.Concurrent;
using Pbts.Grains.Users;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Ledger;

/// <summary>Whose keys receipts name. Holders are remembered for a few seconds, so that a report costs one query at most.</summary>
internal sealed class KeyHolders(UserStore users, TimeProvider time)
{
    private const int Capacity = 50_000;
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<MemberKey, (KeyHolder Holder, DateTimeOffset Until)> _known = new();

    /// <summary>The holders of those of the keys that somebody has registered.</summary>
    public async ValueTask<IReadOnlyDictionary<MemberKey, KeyHolder>> FindAsync(IEnumerable<MemberKey> keys)
    {
        var now = time.GetUtcNow();
        var found = new Dictionary<MemberKey, KeyHolder>();
        var missing = new HashSet<MemberKey>();
        foreach (var key in keys)
        {
            if (_known.TryGetValue(key, out var known) && known.Until > now)
                found[key] = known.Holder;
            else
                missing.Add(key);
        }

        if (missing.Count == 0)
            return found;
        if (_known.Count > Capacity)
            _known.Clear();
        foreach (var (key, holder) in await users.FindHoldersAsync(missing))
        {
            found[key] = holder;
            // Only proven holders are remembered: an unproven one may prove its key at any moment.
            if (holder.Proven)
                _known[key] = (found[key], now + Lifetime);
        }

        return found;
    }
}
