namespace Pbts.GrainInterfaces.Swarms;

/// <summary>Why a swarm does not answer an announce.</summary>
public enum AnnounceRefusal
{
    /// <summary>It does.</summary>
    None,

    /// <summary>Its torrent is not registered, and only those that are have swarms.</summary>
    Unregistered,

    /// <summary>Whether it is registered cannot be told now.</summary>
    Unknown,

    /// <summary>Its torrent is not served yet.</summary>
    Waits,

    /// <summary>Its torrent is not served.</summary>
    Rejected,
}
