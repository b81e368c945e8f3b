using Orleans.Concurrency;

namespace Pbts.GrainInterfaces.Trust;

/// <summary>Computes trust scores once in <c>Trust:Interval</c> and when asked, and says what came of it. The key is always 0.</summary>
[Alias("pbts.ITrustGrain")]
public interface ITrustGrain : IGrainWithIntegerKey
{
    /// <summary>Sees to it that scores are computed in time. Nobody waits for it.</summary>
    [Alias("Wake"), OneWay]
    Task WakeAsync();

    /// <summary>Computes now, or goes along with a computation that is under way; answers when it is done, or after two seconds.</summary>
    [Alias("Run"), ResponseTimeout("00:00:20")]
    Task<TrustStatus> RunAsync();

    /// <summary>What is known.</summary>
    [Alias("Get"), ResponseTimeout("00:00:10")]
    Task<TrustStatus> GetAsync();

    /// <summary>The clusters whose numbers come after one, in their order.</summary>
    [Alias("ListClusters"), ResponseTimeout("00:00:10")]
    Task<IReadOnlyList<TrustClusterView>> ListClustersAsync(long after, int count);

    /// <summary>Members that are marked, by name, at most 1,000.</summary>
    [Alias("ListSeeds"), ResponseTimeout("00:00:10")]
    Task<IReadOnlyList<string>> ListSeedsAsync();

    /// <summary>A member's score; null: there is no such member.</summary>
    [Alias("Find"), ResponseTimeout("00:00:10")]
    Task<MemberTrustScore?> FindAsync(string userId);

    /// <summary>Marks a member as one whose voice the scores begin with, or no more; null: there is no such member with a key.</summary>
    [Alias("SetSeed"), ResponseTimeout("00:00:10")]
    Task<MemberTrustScore?> SetSeedAsync(string userId, bool isMarked);
}
