namespace Pbts.Load;

/// <summary>What the tracker said.</summary>
public enum AnnounceAnswer
{
    /// <summary>Counts and peers.</summary>
    Served,

    /// <summary>Come back later.</summary>
    Shed,

    /// <summary>A failure, or no answer of a tracker at all.</summary>
    Failed,
}
