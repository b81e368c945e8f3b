using System.Globalization;
using System.Security.Cryptography;
using Pbts.Api.Callers;
using Pbts.GrainInterfaces.Policy;
using Pbts.GrainInterfaces.Site;
using Pbts.GrainInterfaces.Users;

namespace Pbts.Api.Dialects;

/// <summary>What sites say of members, whom they know by numbers and passkeys. A member's number in decimal is its name here.</summary>
internal sealed class SiteMembers(IGrainFactory grains, SiteKeys keys)
{
    /// <summary>Why a member may not announce that its site has taken out: until the site says something of it again.</summary>
    public const string Removed = "removed by the site";

    private const int PasskeyLength = 32;

    private ISiteGrain Site => grains.GetGrain<ISiteGrain>(0);

    public static string NameOf(ulong id) => id.ToString(CultureInfo.InvariantCulture);

    /// <summary>Whether members may have it; a key of a site is none.</summary>
    public bool IsPasskey(string text) => text.Length == PasskeyLength && text.All(char.IsAsciiLetterOrDigit) && !keys.IsKey(text);

    public ValueTask<SiteMember?> FindAsync(string name) => Site.FindMemberAsync(name);

    /// <summary>The member that has a passkey; null: none has it.</summary>
    public async ValueTask<SiteMember?> FindByPasskeyAsync(string passkey) =>
        IsPasskey(passkey) && await grains.GetGrain<IUserDirectoryGrain>(0).FindByPasskeyAsync(passkey) is { } entry ? await Site.FindMemberAsync(entry.Profile.UserId) : null;

    /// <summary>Sets what a site says of a member. Whom the operator has disabled stays so: sites say nothing of that.</summary>
    /// <param name="known">The member as it is; null: it is made.</param>
    /// <returns>False when the passkey is another member's.</returns>
    public async ValueTask<bool> SetAsync(MemberPolicy said, SiteMember? known)
    {
        var disabled = known?.Disabled == Removed ? null : known?.Disabled;
        return (await grains.GetGrain<IPolicyGrain>(0).SetMembersAsync([said with { Disabled = disabled }]))[0] != MemberVerdict.PasskeyTaken;
    }

    /// <summary>
    /// Lets a member announce no more: its passkey is nobody's. All else stays, because sites take members out who come back: UNIT3D
    /// for a new passkey, Gazelle for as long as an account is disabled.
    /// </summary>
    public async ValueTask RemoveAsync(SiteMember member) => await grains.GetGrain<IPolicyGrain>(0).SetMembersAsync([
        PolicyOf(member) with { Disabled = member.Disabled ?? Removed, Passkey = RandomNumberGenerator.GetHexString(PasskeyLength, lowercase: true) }]);

    /// <summary>What holds of a member.</summary>
    public static MemberPolicy PolicyOf(SiteMember member) =>
        new(member.UserId, member.Disabled, member.CanDownload, GroupId: member.GroupId, IsDonor: member.IsDonor, IsLifetime: member.IsLifetime);
}
