using Pbts.Protocol.Receipts;

namespace Pbts.GrainInterfaces.Swarms;

/// <summary>Which torrents may have a swarm (<c>Torrents:Access</c>). Asked when a swarm is about to begin, not for every announce.</summary>
public interface IRegisteredTorrents
{
    /// <summary>The answer to an announce that would begin a swarm of this torrent; null: it may.</summary>
    ValueTask<AnnounceReply?> RefuseAsync(InfoHash infoHash);
}
