using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>
/// An element of the base field of BLS12-381 in Montgomery form (a * 2^392 mod p), always fully reduced,
/// least significant limb first. The arithmetic is in Fp.Arithmetic.cs and Fp.Products.cs and has no secret-dependent branch.
/// </summary>
[SkipLocalsInit]
internal readonly partial struct Fp : IPrimeField<Fp>, IEquatable<Fp>
{
    public const int Size = 48;

    private const ulong P0 = 0xb9feffffffffaaab, P1 = 0x1eabfffeb153ffff, P2 = 0x6730d2a0f6b0f624;
    private const ulong P3 = 0x64774b84f38512bf, P4 = 0x4b1ba7b6434bacd7, P5 = 0x1a0111ea397fe69a;

    internal readonly ulong L0, L1, L2, L3, L4, L5;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Fp(ulong l0, ulong l1, ulong l2, ulong l3, ulong l4, ulong l5)
    {
        L0 = l0;
        L1 = l1;
        L2 = l2;
        L3 = l3;
        L4 = l4;
        L5 = l5;
    }

    public static Fp Zero => default;

    /// <summary>2^392 mod p: the Montgomery form of 1.</summary>
    public static Fp One => new(0x19d800000347fcb8, 0x12e00cde6d2002b1, 0x37669f83a2090c72, 0x09b09b42da0f73e0, 0xa7c515d98f1297bb, 0x0577a659fcfa012c);

    /// <summary>2^784 mod p: multiplying by it brings an integer into Montgomery form.</summary>
    internal static Fp R2 => new(0x626d1c34510370ed, 0xd65aec45c53e243d, 0x4f36a0093317d3b1, 0x8c10ea725d74088b, 0xd507320a75865d11, 0x0c8d4cc8a759fd5c);

    /// <summary>2^256, to reduce 64 uniform bytes.</summary>
    private static readonly Fp TwoTo256 = new Fp(0, 0, 0, 0, 1, 0) * R2;

    public static Fp Broadcast(in Fp a) => a;

    public static int Lanes => 1;

    public static Fp Gather(ReadOnlySpan<Fp> elements) => elements[0];

    public static void Scatter(in Fp a, Span<Fp> elements) => elements[0] = a;

    public static Fp FromInteger(int value) => value >= 0 ? new Fp((ulong)value, 0, 0, 0, 0, 0) * R2 : -FromInteger(-value);

    public static Fp FromHex(string hex)
    {
        Span<byte> bytes = stackalloc byte[Size];
        bytes.Clear();
        byte[] digits = Convert.FromHexString(hex.Length % 2 == 0 ? hex : "0" + hex);
        digits.CopyTo(bytes[(Size - digits.Length)..]);
        return TryFromBytes(bytes, out Fp value) ? value : throw new ArgumentOutOfRangeException(nameof(hex));
    }

    /// <summary>Reads 48 bytes, big endian; false when the integer is not below p.</summary>
    public static bool TryFromBytes(ReadOnlySpan<byte> bytes, out Fp value)
    {
        Fp raw = ReadLimbs(bytes[..Size]);
        bool below = IsBelowModulus(raw);
        value = below ? raw * R2 : default;
        return below;
    }

    /// <summary>64 bytes, big endian, reduced mod p (hash_to_field of RFC 9380 section 5.2).</summary>
    public static Fp Reduce64(ReadOnlySpan<byte> bytes)
    {
        Span<byte> half = stackalloc byte[Size];
        half.Clear();
        bytes[..32].CopyTo(half[16..]);
        Fp high = ReadLimbs(half) * R2;
        bytes.Slice(32, 32).CopyTo(half[16..]);
        return high * TwoTo256 + ReadLimbs(half) * R2;
    }

    /// <summary>Writes 48 bytes, big endian.</summary>
    public void WriteTo(Span<byte> bytes)
    {
        Fp plain = ToInteger();
        BinaryPrimitives.WriteUInt64BigEndian(bytes, plain.L5);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], plain.L4);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], plain.L3);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[24..], plain.L2);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[32..], plain.L1);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[40..], plain.L0);
    }

    /// <summary>The integer itself, out of Montgomery form.</summary>
    public Fp ToInteger() => this * new Fp(1, 0, 0, 0, 0, 0);

    /// <summary>True when the integer is above (p-1)/2: the "lexicographically larger" root of point encodings.</summary>
    public bool IsLarge()
    {
        Fp a = ToInteger();
        ulong borrow = 0;
        SubtractBorrow(0xdcff7fffffffd555, a.L0, ref borrow);
        SubtractBorrow(0x0f55ffff58a9ffff, a.L1, ref borrow);
        SubtractBorrow(0xb39869507b587b12, a.L2, ref borrow);
        SubtractBorrow(0xb23ba5c279c2895f, a.L3, ref borrow);
        SubtractBorrow(0x258dd3db21a5d66b, a.L4, ref borrow);
        SubtractBorrow(0x0d0088f51cbff34d, a.L5, ref borrow);
        return borrow != 0;
    }

    public static int IsZeroMask(in Fp a) => (a.L0 | a.L1 | a.L2 | a.L3 | a.L4 | a.L5) == 0 ? 1 : 0;

    public static int Sgn0(in Fp a) => (int)(a.ToInteger().L0 & 1);

    public bool Equals(Fp other) =>
        ((L0 ^ other.L0) | (L1 ^ other.L1) | (L2 ^ other.L2) | (L3 ^ other.L3) | (L4 ^ other.L4) | (L5 ^ other.L5)) == 0;

    public override bool Equals(object? obj) => obj is Fp other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(L0, L1, L2, L3, L4, L5);

    private static bool IsBelowModulus(in Fp a)
    {
        ulong borrow = 0;
        SubtractBorrow(a.L0, P0, ref borrow);
        SubtractBorrow(a.L1, P1, ref borrow);
        SubtractBorrow(a.L2, P2, ref borrow);
        SubtractBorrow(a.L3, P3, ref borrow);
        SubtractBorrow(a.L4, P4, ref borrow);
        SubtractBorrow(a.L5, P5, ref borrow);
        return borrow != 0;
    }

    private static Fp ReadLimbs(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64BigEndian(bytes[40..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[32..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes));
}
