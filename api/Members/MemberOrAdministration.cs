using Pbts.Api.Administration;
using Pbts.Api.Announce.Access;
using Pbts.Api.Callers;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Users;

namespace Pbts.Api.Members;

/// <summary>Who calls where members, by the header <c>X-Passkey</c>, and the administration may.</summary>
internal sealed class MemberOrAdministration(IUserDirectory users, AdminAuthorization administration, ClientAddressResolver addresses)
{
    /// <summary>The member; null with no refusal: the administration. A member that was looked up lately may be half a minute old.</summary>
    /// <param name="action">What needs one of them, for the refusal.</param>
    public async Task<(UserProfile? Member, Refusal? Refusal)> IdentifyAsync(HttpContext context, string action)
    {
        if (context.Request.Headers["X-Passkey"].ToString() is { Length: > 0 } passkey)
        {
            var lookup = await users.FindByPasskeyAsync(passkey, addresses.Resolve(context));
            return lookup.Unavailable ? (null, Answers.Unavailable(context))
                : lookup.User is { } user ? (user.Profile, null) : (null, Answers.Unauthorized("X-Passkey is nobody's"));
        }

        if (administration.IsAllowed(context))
            return (null, null);
        administration.Refuse(context);
        return (null, Answers.Unauthorized($"{action} needs a member's passkey in the header X-Passkey, or the administration's token"));
    }
}
