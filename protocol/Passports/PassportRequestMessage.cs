using System.Buffers.Binary;
using System.Text;

namespace Pbts.Protocol.Passports;

/// <summary>
/// The bytes a member's key signs to be given a passport: ASCII <c>issue-passport</c>, the instance id's 64 hexadecimal characters,
/// the user id in UTF-8, Unix seconds u64 big endian.
/// </summary>
public static class PassportRequestMessage
{
    /// <summary>Builds the message.</summary>
    /// <param name="instanceId">The instance id exactly as the tracker gives it.</param>
    /// <param name="userId">The user id.</param>
    /// <param name="time">Unix seconds.</param>
    public static byte[] Build(string instanceId, string userId, ulong time)
    {
        ArgumentNullException.ThrowIfNull(instanceId);
        ArgumentNullException.ThrowIfNull(userId);
        Span<byte> seconds = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(seconds, time);
        return [.. "issue-passport"u8, .. Encoding.ASCII.GetBytes(instanceId), .. Encoding.UTF8.GetBytes(userId), .. seconds];
    }
}
