namespace Pbts.GrainInterfaces.Users;

/// <summary>Reads the evidence of one member, one page after the other. The key is the user id.</summary>
[Alias("pbts.IEvidenceGrain")]
public interface IEvidenceGrain : IGrainWithStringKey
{
    /// <summary>Most vouchers of a page.</summary>
    const int MaxPage = 2000;

    /// <summary>
    /// One page, vouchers by their ids. The first one begins with who, totals and what they are made of; all in it is of one moment.
    /// </summary>
    /// <param name="after">The session's id, 32 bytes, after which it begins; null for the first page.</param>
    /// <param name="since">Unix seconds: only sessions that rose then or later (or a minute before); null for all.</param>
    /// <param name="count">1 to <see cref="MaxPage"/>.</param>
    [Alias("Read"), ResponseTimeout("00:00:25")]
    Task<EvidencePage> ReadAsync(byte[]? after, long? since, int count);
}
