using System.Buffers.Binary;
using System.Text;

namespace Pbts.Protocol.Receipts;

/// <summary>
/// The bytes a member's old key signs to hand over to a new one: ASCII <c>rotate-key</c>, the instance id's 64 hexadecimal
/// characters, the new key (48), Unix seconds u64 big endian, the user id in UTF-8. Only the last part varies in length.
/// </summary>
public static class RotationMessage
{
    /// <summary>Builds the message.</summary>
    /// <param name="instanceId">The instance id exactly as the tracker gives it.</param>
    /// <param name="userId">The user id.</param>
    /// <param name="newKey">The key that takes over.</param>
    /// <param name="timestamp">Unix seconds.</param>
    public static byte[] Build(string instanceId, string userId, MemberKey newKey, ulong timestamp)
    {
        ArgumentNullException.ThrowIfNull(instanceId);
        ArgumentNullException.ThrowIfNull(userId);
        Span<byte> time = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(time, timestamp);
        return [.. "rotate-key"u8, .. Encoding.ASCII.GetBytes(instanceId), .. newKey.Span, .. time, .. Encoding.UTF8.GetBytes(userId)];
    }
}
