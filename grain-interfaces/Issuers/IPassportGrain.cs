using Orleans.Concurrency;

namespace Pbts.GrainInterfaces.Issuers;

/// <summary>What a member carries to other trackers, and what it brings from them. Keeps nothing in memory. The key is the user id.</summary>
[Alias("pbts.IPassportGrain")]
public interface IPassportGrain : IGrainWithStringKey
{
    /// <summary>Signs a passport for the member, who says who it is by its passkey or by <see cref="Protocol.Passports.PassportRequestMessage"/>.</summary>
    /// <param name="passkey">Null: by signature.</param>
    /// <param name="time">Unix seconds that were signed.</param>
    /// <param name="signature">96 bytes.</param>
    /// <param name="withProof">Whether the contract's root goes with it, where there is one; what was given is then no more than is anchored.</param>
    [Alias("Issue"), AlwaysInterleave, ResponseTimeout("00:00:20")]
    Task<PassportResult> IssueAsync(string? passkey, long time, byte[]? signature, bool withProof);

    /// <summary>Takes passports, each by itself: a bad one costs the good ones nothing.</summary>
    /// <returns>What became of each, in order; none when there is no such member or it has not proved its key.</returns>
    [Alias("Import"), AlwaysInterleave, ResponseTimeout("00:00:30")]
    Task<IReadOnlyList<ImportOutcome>> ImportAsync(IReadOnlyList<PassportOffer> offers);
}
