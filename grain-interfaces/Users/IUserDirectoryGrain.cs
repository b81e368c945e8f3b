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

    /// <summary>Users whose id begins with the text, by id.</summary>
    /// <param name="count">1 to 1,000.</param>
    [Alias("Search"), ResponseTimeout("00:00:10")]
    ValueTask<IReadOnlyList<UserProfile>> SearchAsync(string prefix, int count);

    /// <summary>Registered users.</summary>
    [Alias("Count"), ResponseTimeout("00:00:05")]
    ValueTask<long> CountAsync();
}
