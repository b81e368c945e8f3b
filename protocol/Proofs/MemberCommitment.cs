using System.Buffers.Binary;
using System.Text;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Proofs;

/// <summary>
/// Who a leaf is about, hidden from whoever does not know the member's salt:
/// <c>keccak("pbts-member-v1" || 0x00 || salt 16 || u16 length || user id UTF-8 || public key 48)</c>.
/// </summary>
public static class MemberCommitment
{
    /// <summary>Bytes of a salt.</summary>
    public const int SaltSize = 16;

    private static ReadOnlySpan<byte> Tag => "pbts-member-v1\0"u8;

    /// <summary>The 32 bytes.</summary>
    /// <exception cref="ArgumentException">The salt is not 16 bytes long, or the user id longer than 65,535.</exception>
    public static byte[] Of(ReadOnlySpan<byte> salt, string userId, MemberKey key)
    {
        if (salt.Length != SaltSize)
            throw new ArgumentException($"A salt has {SaltSize} bytes.", nameof(salt));
        var name = Encoding.UTF8.GetByteCount(userId);
        if (name > ushort.MaxValue)
            throw new ArgumentException("The user id is too long.", nameof(userId));
        Span<byte> bytes = new byte[Tag.Length + SaltSize + 2 + name + MemberKey.Length];
        Tag.CopyTo(bytes);
        salt.CopyTo(bytes[Tag.Length..]);
        var rest = bytes[(Tag.Length + SaltSize)..];
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)name);
        Encoding.UTF8.GetBytes(userId, rest[2..]);
        key.Span.CopyTo(rest[(2 + name)..]);
        var hash = new byte[SumNode.HashSize];
        SumNode.Keccak(bytes, hash);
        return hash;
    }
}
