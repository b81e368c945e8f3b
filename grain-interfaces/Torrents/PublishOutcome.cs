namespace Pbts.GrainInterfaces.Torrents;

/// <summary>What became of a torrent that was to be registered.</summary>
public enum PublishOutcome
{
    /// <summary>It is registered now.</summary>
    Published,

    /// <summary>It was before.</summary>
    Known,

    /// <summary>The member has registered as many as it may.</summary>
    TooMany,

    /// <summary>There is no such member, or it has not proved its key.</summary>
    Unproven,
}
