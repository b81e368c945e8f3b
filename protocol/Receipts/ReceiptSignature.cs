using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Pbts.Protocol.Bls;

namespace Pbts.Protocol.Receipts;

/// <summary>A BLS signature as it travels: 96 bytes, compressed G2. Only the length is known to be right.</summary>
public readonly struct ReceiptSignature : IEquatable<ReceiptSignature>
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 96;

    private readonly Buffer _bytes;

    private ReceiptSignature(ReadOnlySpan<byte> bytes) => bytes.CopyTo(_bytes);

    /// <summary>The bytes, valid as long as this value is.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> Span => _bytes;

    /// <summary>Takes exactly <see cref="Length"/> bytes; any other length gives <c>false</c>.</summary>
    public static bool TryFrom(ReadOnlySpan<byte> bytes, out ReceiptSignature value)
    {
        value = bytes.Length == Length ? new ReceiptSignature(bytes) : default;
        return bytes.Length == Length;
    }

    /// <summary>Takes exactly <see cref="Length"/> bytes.</summary>
    /// <exception cref="ArgumentException">Another length: a bug of the caller, input goes through <see cref="TryFrom"/>.</exception>
    public static ReceiptSignature From(ReadOnlySpan<byte> bytes) =>
        TryFrom(bytes, out var value) ? value : throw new ArgumentException($"ReceiptSignature needs {Length} bytes, not {bytes.Length}.", nameof(bytes));

    /// <summary>Reads 192 hexadecimal digits of either case, without prefix.</summary>
    public static bool TryParse(ReadOnlySpan<char> hex, out ReceiptSignature value)
    {
        Span<byte> bytes = stackalloc byte[Length];
        value = default;
        return HexText.TryDecode(hex, bytes) && TryFrom(bytes, out value);
    }

    /// <summary>Signs a message.</summary>
    public static ReceiptSignature Of(BlsSecretKey secret, ReadOnlySpan<byte> message) => From(BlsSignature.AsSpan(Bls.Bls.Sign(secret, message)));

    /// <summary>The same bytes, as the curve takes them.</summary>
    public BlsSignature ToBls() => new(Span);

    /// <summary>A copy of the bytes.</summary>
    public byte[] ToArray() => Span.ToArray();

    /// <inheritdoc/>
    public bool Equals(ReceiptSignature other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ReceiptSignature other && Equals(other);

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
    public static bool operator ==(ReceiptSignature left, ReceiptSignature right) => left.Equals(right);

    /// <summary>Whether the bytes differ.</summary>
    public static bool operator !=(ReceiptSignature left, ReceiptSignature right) => !left.Equals(right);

    [InlineArray(Length)]
    private struct Buffer
    {
        private byte _first;
    }
}
