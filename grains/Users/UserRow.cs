using System.Security.Cryptography;
using System.Text;
using Pbts.GrainInterfaces.Users;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Users;

/// <summary>One row of <c>users</c>.</summary>
internal sealed record UserRow(long Id, string Passkey, MemberKey? Key, UserProfile Profile)
{
    /// <summary>Whether the passkey is this user's. Constant time.</summary>
    public bool HasPasskey(string passkey) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Passkey), Encoding.UTF8.GetBytes(passkey));
}
