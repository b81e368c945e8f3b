using System.Collections.Concurrent;
using Pbts.GrainInterfaces.Site;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Announce;

/// <summary>Torrents that members have announced and that are not registered, until they are written down for the site.</summary>
internal sealed class UnregisteredTorrents(TimeProvider time)
{
    private const int Most = 10_000;

    private readonly ConcurrentDictionary<(string UserId, InfoHash InfoHash), (long Times, DateTimeOffset LastSeen)> _noted = new();

    /// <summary>A member has announced one. Beyond what is kept at once, it is not noted: it is announced again.</summary>
    public void Note(string userId, InfoHash infoHash)
    {
        if (_noted.Count < Most)
            _noted.AddOrUpdate((userId, infoHash), static (_, now) => (1, now), static (_, known, now) => (known.Times + 1, now), time.GetUtcNow());
    }

    /// <summary>Takes so many of them.</summary>
    public IReadOnlyList<UnregisteredTorrent> Take(int most)
    {
        var taken = new List<UnregisteredTorrent>();
        foreach (var (of, _) in _noted)
        {
            if (taken.Count == most)
                break;
            if (_noted.TryRemove(of, out var noted))
                taken.Add(new UnregisteredTorrent(of.UserId, of.InfoHash.ToString(), noted.LastSeen, noted.Times));
        }

        return taken;
    }
}
