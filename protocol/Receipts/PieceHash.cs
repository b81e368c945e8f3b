using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Pbts.Protocol.Receipts;

/// <summary>Hash of one piece: 20 bytes (SHA-1, as in a BEP 3 torrent) or 32 bytes (SHA-256, the only kind on the BEP 10 wire).</summary>
public readonly struct PieceHash : IEquatable<PieceHash>
{
    /// <summary>Length of a SHA-1 hash in bytes.</summary>
    public const int Sha1Length = 20;

    /// <summary>Length of a SHA-256 hash in bytes.</summary>
    public const int Sha256Length = 32;

    private readonly Buffer _bytes;

    private PieceHash(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes);
        Length = (byte)bytes.Length;
    }

    /// <summary>20 or 32; 0 in a default value.</summary>
    public byte Length { get; }

    /// <summary>The bytes, valid as long as this value is.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> Span => ((ReadOnlySpan<byte>)_bytes)[..Length];

    /// <summary>Takes 20 or 32 bytes; any other length gives <c>false</c>.</summary>
    public static bool TryFrom(ReadOnlySpan<byte> bytes, out PieceHash value)
    {
        var fits = bytes.Length is Sha1Length or Sha256Length;
        value = fits ? new PieceHash(bytes) : default;
        return fits;
    }

    /// <summary>Takes 20 or 32 bytes.</summary>
    /// <exception cref="ArgumentException">Another length: a bug of the caller, input goes through <see cref="TryFrom"/>.</exception>
    public static PieceHash From(ReadOnlySpan<byte> bytes) =>
        TryFrom(bytes, out var value) ? value : throw new ArgumentException($"A piece hash has 20 or 32 bytes, not {bytes.Length}.", nameof(bytes));

    /// <summary>Reads 40 or 64 hexadecimal digits of either case, without prefix.</summary>
    public static bool TryParse(ReadOnlySpan<char> hex, out PieceHash value)
    {
        value = default;
        if (hex.Length is not (Sha1Length * 2 or Sha256Length * 2))
            return false;
        Span<byte> bytes = stackalloc byte[hex.Length / 2];
        return HexText.TryDecode(hex, bytes) && TryFrom(bytes, out value);
    }

    /// <summary>SHA-256 of a whole piece, the hash receipts carry between peers.</summary>
    public static PieceHash OfPiece(ReadOnlySpan<byte> piece)
    {
        Span<byte> hash = stackalloc byte[Sha256Length];
        SHA256.HashData(piece, hash);
        return new PieceHash(hash);
    }

    /// <summary>A copy of the bytes.</summary>
    public byte[] ToArray() => Span.ToArray();

    /// <inheritdoc/>
    public bool Equals(PieceHash other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is PieceHash other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    /// <summary>Lower-case hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(Span);

    /// <summary>Whether both hold the same bytes.</summary>
    public static bool operator ==(PieceHash left, PieceHash right) => left.Equals(right);

    /// <summary>Whether the bytes differ.</summary>
    public static bool operator !=(PieceHash left, PieceHash right) => !left.Equals(right);

    [InlineArray(Sha256Length)]
    private struct Buffer
    {
        private byte _first;
    }
}
