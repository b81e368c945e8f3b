using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pbts.Protocol.Bls.Curve;

namespace Pbts.Protocol.Bls;

/// <summary>
/// The 48 bytes of a public key: a compressed G1 point in the ZCash encoding. Any 48 bytes can be held; that they are
/// a usable key is known only after <see cref="TryValidate"/> (every verification does it too). The default value is
/// 48 zero bytes, which is no valid key.
/// </summary>
public readonly struct BlsPublicKey : IEquatable<BlsPublicKey>
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 48;

    private readonly Bytes bytes;

    internal BlsPublicKey(ReadOnlySpan<byte> source) => source.CopyTo(MemoryMarshal.CreateSpan(ref Unsafe.As<Bytes, byte>(ref bytes), Size));

    /// <summary>Takes exactly 48 bytes; false for any other length.</summary>
    public static bool TryParse(ReadOnlySpan<byte> source, out BlsPublicKey key)
    {
        key = source.Length == Size ? new(source) : default;
        return source.Length == Size;
    }

    /// <summary>Takes exactly 96 hex digits of either case; false for anything else.</summary>
    public static bool TryParseHex(ReadOnlySpan<char> hex, out BlsPublicKey key)
    {
        Span<byte> source = stackalloc byte[Size];
        key = default;
        return hex.Length == 2 * Size
            && Convert.FromHexString(hex, source, out _, out _) == System.Buffers.OperationStatus.Done
            && TryParse(source, out key);
    }

    /// <summary>Decompresses and checks the key: on the curve, of order r, not infinity. Costs some 0.1 ms; keep the result.</summary>
    public bool TryValidate([NotNullWhen(true)] out BlsValidatedKey? validated)
    {
        validated = G1.TryDecode(AsSpan(this), out Affine<Fp> point) && !point.IsInfinity && G1.IsInSubgroup(point)
            ? new BlsValidatedKey(this, point)
            : null;
        return validated is not null;
    }

    /// <summary>Writes the 48 bytes.</summary>
    public void CopyTo(Span<byte> destination) => AsSpan(this).CopyTo(destination);

    /// <summary>The 48 bytes, in a new array.</summary>
    public byte[] ToArray() => AsSpan(this).ToArray();

    /// <summary>96 lower-case hex digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(AsSpan(this));

    /// <inheritdoc/>
    public bool Equals(BlsPublicKey other) => AsSpan(this).SequenceEqual(AsSpan(other));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BlsPublicKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(AsSpan(this));
        return hash.ToHashCode();
    }

    /// <summary>Same bytes.</summary>
    public static bool operator ==(BlsPublicKey left, BlsPublicKey right) => left.Equals(right);

    /// <summary>Different bytes.</summary>
    public static bool operator !=(BlsPublicKey left, BlsPublicKey right) => !left.Equals(right);

    internal static ReadOnlySpan<byte> AsSpan(in BlsPublicKey key) =>
        MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<Bytes, byte>(ref Unsafe.AsRef(in key.bytes)), Size);

    [InlineArray(Size)]
    private struct Bytes
    {
        private byte first;
    }
}
