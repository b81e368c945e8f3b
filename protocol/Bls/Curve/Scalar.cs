using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>Integers modulo the group order r and multiplication of points by them; big endian, 32 bytes.</summary>
[SkipLocalsInit]
internal static class Scalar
{
    public const int Size = 32;

    private const ulong R0 = 0xffffffff00000001, R1 = 0x53bda402fffe5bfe, R2 = 0x3339d80809a1d805, R3 = 0x73eda753299d7d48;

    /// <summary>Whether 1 &lt;= scalar &lt; r. Takes the same time for all values.</summary>
    public static bool IsValid(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
            return false;
        ulong s3 = BinaryPrimitives.ReadUInt64BigEndian(bytes), s2 = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        ulong s1 = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]), s0 = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
        bool below = SubtractOrder(ref s0, ref s1, ref s2, ref s3) != 0;
        return below & (s0 | s1 | s2 | s3) != 0;
    }

    /// <summary>Big-endian bytes of any length, reduced mod r into 32 bytes, bit by bit in constant time.</summary>
    public static void Reduce(ReadOnlySpan<byte> bytes, Span<byte> reduced)
    {
        ulong s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            s3 = (s3 << 1) | (s2 >> 63);
            s2 = (s2 << 1) | (s1 >> 63);
            s1 = (s1 << 1) | (s0 >> 63);
            s0 = (s0 << 1) | (((ulong)bytes[bit / 8] >> (7 - (bit % 8))) & 1);
            SubtractOrder(ref s0, ref s1, ref s2, ref s3);
        }

        BinaryPrimitives.WriteUInt64BigEndian(reduced, s3);
        BinaryPrimitives.WriteUInt64BigEndian(reduced[8..], s2);
        BinaryPrimitives.WriteUInt64BigEndian(reduced[16..], s1);
        BinaryPrimitives.WriteUInt64BigEndian(reduced[24..], s0);
    }

    /// <summary>[scalar]point: the same field operations and the same memory accesses for every scalar of the length.</summary>
    public static Projective<F> Multiply<F>(in Projective<F> point, ReadOnlySpan<byte> scalar) where F : unmanaged, IField<F>
    {
        Span<Projective<F>> table = stackalloc Projective<F>[16];
        FillMultiples(point, table);
        Projective<F> result = Projective<F>.Infinity;
        for (int i = 0; i < scalar.Length * 2; i++)
        {
            if (i > 0)
                result = Projective<F>.DoubleTimes(result, 4);
            int digit = (scalar[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 15;
            result += Lookup(table, digit);
        }

        return result;
    }

    /// <summary>table[k] = [k]point.</summary>
    public static void FillMultiples<F>(in Projective<F> point, Span<Projective<F>> table) where F : unmanaged, IField<F>
    {
        table[0] = Projective<F>.Infinity;
        table[1] = point;
        for (int k = 2; k < table.Length; k++)
            table[k] = k % 2 == 0 ? Projective<F>.Double(table[k / 2]) : table[k - 1] + point;
    }

    /// <summary>table[index], reading every entry.</summary>
    internal static Projective<F> Lookup<F>(ReadOnlySpan<Projective<F>> table, int index) where F : unmanaged, IField<F>
    {
        Projective<F> found = table[0];
        for (int k = 1; k < table.Length; k++)
            found = Projective<F>.Select((int)((uint)((k ^ index) - 1) >> 31), table[k], found);
        return found;
    }

    /// <summary>Subtracts r unless that would be negative; returns 1 in that case.</summary>
    private static ulong SubtractOrder(ref ulong s0, ref ulong s1, ref ulong s2, ref ulong s3)
    {
        ulong borrow = 0;
        ulong d0 = Subtract(s0, R0, ref borrow), d1 = Subtract(s1, R1, ref borrow);
        ulong d2 = Subtract(s2, R2, ref borrow), d3 = Subtract(s3, R3, ref borrow);
        ulong keep = 0 - borrow;
        s0 = d0 ^ (keep & (d0 ^ s0));
        s1 = d1 ^ (keep & (d1 ^ s1));
        s2 = d2 ^ (keep & (d2 ^ s2));
        s3 = d3 ^ (keep & (d3 ^ s3));
        return borrow;
    }

    private static ulong Subtract(ulong a, ulong b, ref ulong borrow)
    {
        ulong difference = a - b, result = difference - borrow;
        borrow = (a < b ? 1UL : 0UL) + (difference < borrow ? 1UL : 0UL);
        return result;
    }
}
