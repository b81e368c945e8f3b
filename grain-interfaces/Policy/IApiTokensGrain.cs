using Orleans.Concurrency;

namespace Pbts.GrainInterfaces.Policy;

/// <summary>Tokens for programs. Stateless: answers from the nearest silo, the database decides.</summary>
[Alias("pbts.IApiTokensGrain")]
public interface IApiTokensGrain : IGrainWithIntegerKey
{
    /// <summary>Most that are not revoked.</summary>
    const int Most = 1000;

    /// <summary>Makes one; null when there are too many.</summary>
    /// <param name="hash">SHA-256 of its text.</param>
    [Alias("Create"), ResponseTimeout("00:00:10")]
    ValueTask<ApiToken?> CreateAsync(string name, IReadOnlyList<string> scopes, byte[] hash);

    /// <summary>All, the newest first, at most 1,000.</summary>
    [Alias("List"), ResponseTimeout("00:00:05"), ReadOnly]
    ValueTask<IReadOnlyList<ApiToken>> ListAsync();

    /// <summary>Ends one; false when there is none of this number, or it has ended.</summary>
    [Alias("Revoke"), ResponseTimeout("00:00:10")]
    ValueTask<bool> RevokeAsync(long id);

    /// <summary>Notes that they have been used just now.</summary>
    [Alias("Touch"), ResponseTimeout("00:00:05")]
    ValueTask TouchAsync(IReadOnlyList<long> ids);
}
