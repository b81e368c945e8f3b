using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>
/// An element of the base field of BLS12-381 in Montgomery form (a * 2^392 mod p), in seven limbs of 56 bits, least
/// significant first. Every limb but the last is below 2^56; the integer they make up is below 1.5p, so that an element
/// may be held in two ways, and is only brought below p to be compared or written. The arithmetic is in
/// Fp.Arithmetic.cs, Fp.Products.cs and Fp.Wide.cs and has no secret-dependent branch.
/// </summary>
[SkipLocalsInit]
internal readonly partial struct Fp : IPrimeField<Fp>, IEquatable<Fp>
{
    public const int Size = 48;

    private const int LimbBits = 56, LimbCount = 7;
    private const ulong LimbMask = (1UL << LimbBits) - 1;

    // p, limb by limb.
    private const ulong M0 = 0xfeffffffffaaab, M1 = 0xfffeb153ffffb9, M2 = 0xa0f6b0f6241eab, M3 = 0xf38512bf6730d2;
    private const ulong M4 = 0x4bacd764774b84, M5 = 0xe69a4b1ba7b643, M6 = 0x001a0111ea397f;

    internal readonly ulong L0, L1, L2, L3, L4, L5, L6;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Fp(ulong l0, ulong l1, ulong l2, ulong l3, ulong l4, ulong l5, ulong l6)
    {
        L0 = l0;
        L1 = l1;
        L2 = l2;
        L3 = l3;
        L4 = l4;
        L5 = l5;
        L6 = l6;
    }

    public static Fp Zero => default;

    /// <summary>2^392 mod p: the Montgomery form of 1.</summary>
    public static Fp One => new(0xd800000347fcb8, 0x0cde6d2002b119, 0x83a2090c7212e0, 0xda0f73e037669f, 0x1297bb09b09b42, 0x012ca7c515d98f, 0x000577a659fcfa);

    /// <summary>2^784 mod p: multiplying by it brings an integer into Montgomery form.</summary>
    private static Fp R2 => new(0x6d1c34510370ed, 0xec45c53e243d62, 0x093317d3b1d65a, 0x5d74088b4f36a0, 0x865d118c10ea72, 0xfd5cd507320a75, 0x000c8d4cc8a759);

    /// <summary>2^256, to reduce 64 uniform bytes.</summary>
    private static readonly Fp TwoTo256 = new Fp(0, 0, 0, 0, 1UL << 32, 0, 0) * R2;

    public static Fp Broadcast(in Fp a) => a;

    public static int Lanes => 1;

    public static Fp Gather(ReadOnlySpan<Fp> elements) => elements[0];

    public static void Scatter(in Fp a, Span<Fp> elements) => elements[0] = a;

    public static Fp FromInteger(int value) => value >= 0 ? new Fp((ulong)value, 0, 0, 0, 0, 0, 0) * R2 : -FromInteger(-value);

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
        bool below = IsBelow(raw, new Fp(M0, M1, M2, M3, M4, M5, M6)) != 0;
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
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (plain.L5 >> 40) | (plain.L6 << 16));
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], (plain.L4 >> 32) | (plain.L5 << 24));
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], (plain.L3 >> 24) | (plain.L4 << 32));
        BinaryPrimitives.WriteUInt64BigEndian(bytes[24..], (plain.L2 >> 16) | (plain.L3 << 40));
        BinaryPrimitives.WriteUInt64BigEndian(bytes[32..], (plain.L1 >> 8) | (plain.L2 << 48));
        BinaryPrimitives.WriteUInt64BigEndian(bytes[40..], plain.L0 | (plain.L1 << 56));
    }

    /// <summary>True when the integer is above (p-1)/2: the "lexicographically larger" root of point encodings.</summary>
    public bool IsLarge() =>
        IsBelow(ToInteger(), new Fp(0xff7fffffffd556, 0xffff58a9ffffdc, 0x507b587b120f55, 0x79c2895fb39869, 0xa5d66bb23ba5c2, 0xf34d258dd3db21, 0x000d0088f51cbf)) == 0;

    public static int IsZeroMask(in Fp a)
    {
        ulong zero = a.L0 | a.L1 | a.L2 | a.L3 | a.L4 | a.L5 | a.L6;
        ulong modulus = (a.L0 ^ M0) | (a.L1 ^ M1) | (a.L2 ^ M2) | (a.L3 ^ M3) | (a.L4 ^ M4) | (a.L5 ^ M5) | (a.L6 ^ M6);
        return zero == 0 | modulus == 0 ? 1 : 0;
    }

    public static int Sgn0(in Fp a) => (int)(a.ToInteger().L0 & 1);

    public bool Equals(Fp other) => IsZeroMask(this - other) == 1;

    public override bool Equals(object? obj) => obj is Fp other && Equals(other);

    public override int GetHashCode() => ToInteger().L0.GetHashCode();

    /// <summary>The integer itself below p, out of Montgomery form.</summary>
    private Fp ToInteger()
    {
        // A product with 1 is at most p, and p only for zero.
        Fp plain = this * new Fp(1, 0, 0, 0, 0, 0, 0);
        return Select(IsZeroMask(plain), default, plain);
    }

    /// <summary>1 when a is below b, both with limbs below 2^56.</summary>
    private static int IsBelow(in Fp a, in Fp b)
    {
        ulong borrow = (a.L0 - b.L0) >> 63;
        borrow = (a.L1 - b.L1 - borrow) >> 63;
        borrow = (a.L2 - b.L2 - borrow) >> 63;
        borrow = (a.L3 - b.L3 - borrow) >> 63;
        borrow = (a.L4 - b.L4 - borrow) >> 63;
        borrow = (a.L5 - b.L5 - borrow) >> 63;
        return (int)((a.L6 - b.L6 - borrow) >> 63);
    }

    private static Fp ReadLimbs(ReadOnlySpan<byte> bytes)
    {
        ulong w0 = BinaryPrimitives.ReadUInt64BigEndian(bytes[40..]), w1 = BinaryPrimitives.ReadUInt64BigEndian(bytes[32..]);
        ulong w2 = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]), w3 = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        ulong w4 = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]), w5 = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        return new(
            w0 & LimbMask, ((w0 >> 56) | (w1 << 8)) & LimbMask, ((w1 >> 48) | (w2 << 16)) & LimbMask, ((w2 >> 40) | (w3 << 24)) & LimbMask,
            ((w3 >> 32) | (w4 << 32)) & LimbMask, ((w4 >> 24) | (w5 << 40)) & LimbMask, w5 >> 16);
    }
}
