using Microsoft.Extensions.Options;
using Npgsql;
using Pbts.GrainInterfaces.Users;
using Pbts.Hosting.Configuration;

namespace Pbts.Grains.Users;

/// <summary>Who may become a member (<c>Members:Registration</c>). Whoever is one already, and only proves its key, is not asked.</summary>
internal sealed class Admissions(InviteStore invites, IOptions<MembersOptions> options)
{
    /// <summary>Why a new user with this is refused whatever the database says; null: it is not.</summary>
    public RegistrationStatus? Refuse(Admission? admission) =>
        admission?.ByAdministration == true ? null
        : options.Value.Registration == Registration.Site ? RegistrationStatus.NotOpen
        : options.Value.Registration == Registration.Invite && admission?.Invite is null ? RegistrationStatus.InviteNeeded
        : null;

    /// <summary>Lets in a user who has just been made in this transaction, which ends without it where the answer is a refusal.</summary>
    /// <returns>The origin, or why not.</returns>
    public async Task<(string Origin, RegistrationStatus? Refusal)> AdmitAsync(NpgsqlConnection connection, string userId, Admission? admission)
    {
        if (Refuse(admission) is { } refusal)
            return ("", refusal);
        if (admission?.ByAdministration == true)
        {
            await using var command = new NpgsqlCommand($"UPDATE users SET origin = '{MembersOptions.Site}' WHERE user_id = $1", connection) { Parameters = { new() { Value = userId } } };
            await command.ExecuteNonQueryAsync();
            return (MembersOptions.Site, null);
        }

        return admission?.Invite is not { } token ? (MembersOptions.Open, null)
            : await invites.SpendAsync(connection, userId, token) ? (MembersOptions.Invited, null) : ("", RegistrationStatus.BadInvite);
    }
}
