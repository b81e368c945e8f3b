using System.Text;

namespace Pbts.Protocol.Receipts;

/// <summary>The bytes a member signs to register: ASCII <c>register</c>, the instance id's hexadecimal text, the user id in UTF-8, nothing between.</summary>
public static class RegistrationMessage
{
    /// <summary>Characters of an instance id; a fixed length keeps the unseparated message unambiguous.</summary>
    public const int InstanceIdLength = 64;

    /// <summary>Builds the message.</summary>
    /// <param name="instanceId">The instance id exactly as the tracker gives it: hexadecimal text.</param>
    /// <param name="userId">The user id.</param>
    public static byte[] Build(string instanceId, string userId)
    {
        ArgumentNullException.ThrowIfNull(instanceId);
        ArgumentNullException.ThrowIfNull(userId);
        return Encoding.UTF8.GetBytes(string.Concat("register", instanceId, userId));
    }
}
