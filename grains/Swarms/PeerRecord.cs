using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Grains.Swarms;

/// <summary>What is remembered of a peer besides its compact endpoint.</summary>
internal struct PeerRecord
{
    /// <summary>See <see cref="AnnounceRequest.Identity"/>.</summary>
    public ulong Identity;

    public PeerId PeerId;

    /// <summary>Unix seconds of the last announce.</summary>
    public uint LastSeen;

    /// <summary>BEP 21: incomplete, but not downloading.</summary>
    public bool Paused;

    /// <summary>Its <c>completed</c> has been counted.</summary>
    public bool Completed;

    /// <summary>The client's own counters at its last announce, from which claimed transfer is the difference.</summary>
    public long Uploaded;
    public long Downloaded;

    public string? UserId;
}
