using Pbts.Protocol.Receipts;

namespace Pbts.GrainInterfaces.Swarms;

/// <summary>The swarms that are active in this very process: an announce for one of them need not travel as a message.</summary>
public interface ILocalSwarms
{
    /// <summary>There are as many as there may be (<c>Tracker:MaxSwarms</c>).</summary>
    bool IsFull { get; }

    /// <summary>Whether the swarm is active in this process.</summary>
    bool Holds(InfoHash infoHash);

    /// <summary>Takes the announce into the swarm.</summary>
    /// <returns>Null, and nothing has happened, when the swarm is not here or this announce needs a turn of its grain.</returns>
    AnnounceReply? TryAnnounce(InfoHash infoHash, AnnounceRequest request);
}
