using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Vouchers;

/// <summary>The identity of a session: SHA-256 of what all its vouchers have in common, see <see cref="VoucherMessage"/>.</summary>
public readonly struct VoucherId : IEquatable<VoucherId>
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 32;

    private readonly Buffer _bytes;

    private VoucherId(ReadOnlySpan<byte> bytes) => bytes.CopyTo(_bytes);

    /// <summary>The bytes, valid as long as this value is.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> Span => _bytes;

    /// <summary>Takes exactly <see cref="Length"/> bytes; any other length gives <c>false</c>.</summary>
    public static bool TryFrom(ReadOnlySpan<byte> bytes, out VoucherId value)
    {
        value = bytes.Length == Length ? new VoucherId(bytes) : default;
        return bytes.Length == Length;
    }

    /// <summary>Takes exactly <see cref="Length"/> bytes.</summary>
    /// <exception cref="ArgumentException">Another length: a bug of the caller, input goes through <see cref="TryFrom"/>.</exception>
    public static VoucherId From(ReadOnlySpan<byte> bytes) =>
        TryFrom(bytes, out var value) ? value : throw new ArgumentException($"VoucherId needs {Length} bytes, not {bytes.Length}.", nameof(bytes));

    /// <summary>Reads 64 hexadecimal digits of either case, without prefix.</summary>
    public static bool TryParse(ReadOnlySpan<char> hex, out VoucherId value)
    {
        Span<byte> bytes = stackalloc byte[Length];
        value = default;
        return HexText.TryDecode(hex, bytes) && TryFrom(bytes, out value);
    }

    /// <summary>A copy of the bytes.</summary>
    public byte[] ToArray() => Span.ToArray();

    /// <inheritdoc/>
    public bool Equals(VoucherId other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is VoucherId other && Equals(other);

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
    public static bool operator ==(VoucherId left, VoucherId right) => left.Equals(right);

    /// <summary>Whether the bytes differ.</summary>
    public static bool operator !=(VoucherId left, VoucherId right) => !left.Equals(right);

    [InlineArray(Length)]
    private struct Buffer
    {
        private byte _first;
    }
}
