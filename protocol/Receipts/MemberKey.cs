using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Pbts.Protocol.Bls;

namespace Pbts.Protocol.Receipts;

/// <summary>A member's BLS public key as it travels: 48 bytes, compressed G1. Only the length is known to be right; whether it is a point, and whose, is for the verifier.</summary>
public readonly struct MemberKey : IEquatable<MemberKey>
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 48;

    private readonly Buffer _bytes;

    private MemberKey(ReadOnlySpan<byte> bytes) => bytes.CopyTo(_bytes);

    /// <summary>The bytes, valid as long as this value is.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> Span => _bytes;

    /// <summary>Takes exactly <see cref="Length"/> bytes; any other length gives <c>false</c>.</summary>
    public static bool TryFrom(ReadOnlySpan<byte> bytes, out MemberKey value)
    {
        value = bytes.Length == Length ? new MemberKey(bytes) : default;
        return bytes.Length == Length;
    }

    /// <summary>Takes exactly <see cref="Length"/> bytes.</summary>
    /// <exception cref="ArgumentException">Another length: a bug of the caller, input goes through <see cref="TryFrom"/>.</exception>
    public static MemberKey From(ReadOnlySpan<byte> bytes) =>
        TryFrom(bytes, out var value) ? value : throw new ArgumentException($"MemberKey needs {Length} bytes, not {bytes.Length}.", nameof(bytes));

    /// <summary>Reads 96 hexadecimal digits of either case, without prefix.</summary>
    public static bool TryParse(ReadOnlySpan<char> hex, out MemberKey value)
    {
        Span<byte> bytes = stackalloc byte[Length];
        value = default;
        return HexText.TryDecode(hex, bytes) && TryFrom(bytes, out value);
    }

    /// <summary>The public key of a secret.</summary>
    public static MemberKey Of(BlsSecretKey secret) => From(BlsPublicKey.AsSpan(Bls.Bls.SkToPk(secret)));

    /// <summary>The same bytes, as the curve takes them.</summary>
    public BlsPublicKey ToBls() => new(Span);

    /// <summary>A copy of the bytes.</summary>
    public byte[] ToArray() => Span.ToArray();

    /// <inheritdoc/>
    public bool Equals(MemberKey other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is MemberKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        // Seeded per process: peers choose these bytes, a fixed hash would let them choose collisions.
        var hash = new HashCode();
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    /// <summary>Lower-case hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(Span);

    /// <summary>Whether both hold the same bytes.</summary>
    public static bool operator ==(MemberKey left, MemberKey right) => left.Equals(right);

    /// <summary>Whether the bytes differ.</summary>
    public static bool operator !=(MemberKey left, MemberKey right) => !left.Equals(right);

    [InlineArray(Length)]
    private struct Buffer
    {
        private byte _first;
    }
}
