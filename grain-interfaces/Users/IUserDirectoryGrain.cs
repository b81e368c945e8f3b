namespace Pbts.GrainInterfaces.Users;

/// <summary>Finds users in the database. Stateless: answers from the nearest silo.</summary>
[Alias("pbts.IUserDirectoryGrain")]
public interface IUserDirectoryGrain : IGrainWithIntegerKey
{
    /// <summary>Null when nobody has the passkey.</summary>
    [Alias("FindByPasskey"), ResponseTimeout("00:00:05")]
    ValueTask<DirectoryEntry?> FindByPasskeyAsync(string passkey);

    /// <summary>Null when nobody has the user id.</summary>
    [Alias("FindByUserId"), ResponseTimeout("00:00:05")]
    ValueTask<DirectoryEntry?> FindByUserIdAsync(string userId);

    /// <summary>A page of users.</summary>
    [Alias("List"), ResponseTimeout("00:00:10")]
    ValueTask<IReadOnlyList<UserListing>> ListAsync(UserSearch search);

    /// <summary>Registered users.</summary>
    [Alias("Count"), ResponseTimeout("00:00:05")]
    ValueTask<long> CountAsync();

    /// <summary>What all members claim and prove. Reads every member: for people, now and then.</summary>
    [Alias("SumProof"), ResponseTimeout("00:00:10")]
    ValueTask<ProofSums> SumProofAsync();
}
