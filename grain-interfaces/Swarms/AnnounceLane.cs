namespace Pbts.GrainInterfaces.Swarms;

/// <summary>
/// What front ends and silos say to each other beside Orleans' messages, which cost more than the announces in them: the front
/// end sends the bytes of an <see cref="AnnounceBatch"/>, the silo answers with those of a <see cref="ReplyBatch"/>, and only
/// then comes the next, so that an answer cannot be taken for another's.
/// </summary>
public static class AnnounceLane
{
    /// <summary>Most announces in a batch.</summary>
    public const int MaxBatch = 512;

    /// <summary>Most bytes of a batch: an announce has less than 400, with the longest user id.</summary>
    public const int MaxRequest = MaxBatch * 400;

    /// <summary>Most bytes of the answer to it: 1,000 peers with their ids each, which is the most that can be set.</summary>
    public const int MaxReply = MaxBatch * (1000 * 38 + 32);

    /// <summary>Longest for an answer, and for proving the cluster's key.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
}
