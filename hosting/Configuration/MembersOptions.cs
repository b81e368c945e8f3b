using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Users;

namespace Pbts.Hosting.Configuration;

/// <summary>Who may become a member.</summary>
public enum Registration
{
    /// <summary>Anybody.</summary>
    Open,

    /// <summary>Whoever has an invite, and whom the administration registers.</summary>
    Invite,

    /// <summary>Only whom the administration registers.</summary>
    Site,
}

/// <summary>Who may become a member and how far members are trusted. Section <c>Members</c>.</summary>
public sealed class MembersOptions
{
    public const string Section = "Members";

    /// <summary>The origin of whoever registered by himself.</summary>
    public const string Open = "open";

    /// <summary>The origin of whoever came by invite.</summary>
    public const string Invited = "invite";

    /// <summary>The origin of whom the administration registered.</summary>
    public const string Site = "site";

    public Registration Registration { get; set; }

    /// <summary>How many others a member may invite in all, unless the operator has given it a number of its own.</summary>
    public int InvitesPerMember { get; set; }

    /// <summary>How far whoever registered by himself may owe more than he gives back; 0: not at all, 1: as far as the minimum ratio lets him.</summary>
    public double OpenTrust { get; set; }

    /// <summary>The same for who came by invite or was registered by the administration.</summary>
    public double InvitedTrust { get; set; } = 1;

    /// <summary>How far a member is trusted.</summary>
    /// <param name="origin">How it came to be one.</param>
    /// <param name="own">What the operator has set for it; null: nothing.</param>
    public double TrustOf(string origin, double? own) => own ?? (origin == Open ? OpenTrust : InvitedTrust);
}

/// <summary>Refuses to start on what makes no sense, naming the setting.</summary>
public sealed class MembersOptionsValidator : IValidateOptions<MembersOptions>
{
    public ValidateOptionsResult Validate(string? name, MembersOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var errors = new List<string>();
        foreach (var (setting, trust) in (ReadOnlySpan<(string, double)>)[("OpenTrust", options.OpenTrust), ("InvitedTrust", options.InvitedTrust)])
        {
            if (trust is not (>= 0 and <= 1))
                errors.Add($"Members:{setting} is {trust}: it must be 0 to 1.");
        }

        if (!Enum.IsDefined(options.Registration))
            errors.Add($"Members:Registration is {options.Registration}: it must be open, invite or site.");
        if (options.InvitesPerMember is < 0 or > MemberChange.MaxInvites)
            errors.Add($"Members:InvitesPerMember is {options.InvitesPerMember}: it must be 0 to {MemberChange.MaxInvites}.");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
