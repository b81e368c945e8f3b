using Pbts.GrainInterfaces.Users;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Users;

/// <summary>One row of <c>users</c>.</summary>
internal sealed record UserRow(long Id, string Passkey, MemberKey? Key, UserProfile Profile);
