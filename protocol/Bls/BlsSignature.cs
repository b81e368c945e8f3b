using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pbts.Protocol.Bls;

/// <summary>
/// The 96 bytes of a signature, an aggregate signature or a proof of possession: a compressed G2 point in the ZCash
/// encoding. Any 96 bytes can be held; whether they are a point of order r is checked by every verification.
/// </summary>
public readonly struct BlsSignature : IEquatable<BlsSignature>
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 96;

    private readonly Bytes bytes;

    internal BlsSignature(ReadOnlySpan<byte> source) => source.CopyTo(MemoryMarshal.CreateSpan(ref Unsafe.As<Bytes, byte>(ref bytes), Size));

    /// <summary>Takes exactly 96 bytes; false for any other length.</summary>
    public static bool TryParse(ReadOnlySpan<byte> source, out BlsSignature signature)
    {
        signature = source.Length == Size ? new(source) : default;
        return source.Length == Size;
    }

    /// <summary>Takes exactly 192 hex digits of either case; false for anything else.</summary>
    public static bool TryParseHex(ReadOnlySpan<char> hex, out BlsSignature signature)
    {
        Span<byte> source = stackalloc byte[Size];
        signature = default;
        return hex.Length == 2 * Size
            && Convert.FromHexString(hex, source, out _, out _) == System.Buffers.OperationStatus.Done
            && TryParse(source, out signature);
    }

    /// <summary>Writes the 96 bytes.</summary>
    public void CopyTo(Span<byte> destination) => AsSpan(this).CopyTo(destination);

    /// <summary>The 96 bytes, in a new array.</summary>
    public byte[] ToArray() => AsSpan(this).ToArray();

    /// <summary>192 lower-case hex digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(AsSpan(this));

    /// <inheritdoc/>
    public bool Equals(BlsSignature other) => AsSpan(this).SequenceEqual(AsSpan(other));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BlsSignature other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(AsSpan(this));
        return hash.ToHashCode();
    }

    /// <summary>Same bytes.</summary>
    public static bool operator ==(BlsSignature left, BlsSignature right) => left.Equals(right);

    /// <summary>Different bytes.</summary>
    public static bool operator !=(BlsSignature left, BlsSignature right) => !left.Equals(right);

    internal static ReadOnlySpan<byte> AsSpan(in BlsSignature signature) =>
        MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<Bytes, byte>(ref Unsafe.AsRef(in signature.bytes)), Size);

    [InlineArray(Size)]
    private struct Bytes
    {
        private byte first;
    }
}
