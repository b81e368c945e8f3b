using System.Net;
using Pbts.GrainInterfaces.Users;

namespace Pbts.Api.Announce.Access;

/// <summary>A user looked up for an announce.</summary>
/// <param name="User">Null when there is none.</param>
/// <param name="Unavailable">True when it could not be found out.</param>
internal readonly record struct UserLookup(DirectoryEntry? User, bool Unavailable = false);

/// <summary>
/// Finds users fast. What it says of totals may be half a minute old, of what api/Policy/PolicyWatch watches a second, for users that do not exist two seconds. Whom it has never seen it
/// looks up for a client only so often.
/// </summary>
internal interface IUserDirectory
{
    ValueTask<UserLookup> FindByPasskeyAsync(string passkey, IPAddress client);

    ValueTask<UserLookup> FindByUserIdAsync(string userId, IPAddress client);

    /// <summary>Forgets what this process knows of a user who has just been changed.</summary>
    void Forget(string userId);

    /// <summary>Forgets everybody.</summary>
    void ForgetAll();
}
