using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>Multiples of the generator of G1 from a table of its multiples by every digit at every place: additions only.</summary>
[SkipLocalsInit]
internal static class G1Generator
{
    private const int DigitBits = 4, Places = 8 * Scalar.Size / DigitBits;

    private static readonly Projective<Fp>[] Table = MakeTable();

    /// <summary>[scalar] times the generator for 32 bytes: the same operations and memory accesses for every scalar.</summary>
    public static Projective<Fp> Multiply(ReadOnlySpan<byte> scalar)
    {
        Projective<Fp> result = Projective<Fp>.Infinity;
        for (int place = 0; place < Places; place++)
        {
            int digit = (scalar[Scalar.Size - 1 - (place / 2)] >> (place % 2 * DigitBits)) & ((1 << DigitBits) - 1);
            result += Scalar.Lookup<Fp>(Table.AsSpan(place << DigitBits, 1 << DigitBits), digit);
        }

        return result;
    }

    private static Projective<Fp>[] MakeTable()
    {
        var table = new Projective<Fp>[Places << DigitBits];
        Projective<Fp> power = G1.Generator.ToProjective();
        for (int place = 0; place < Places; place++)
        {
            Scalar.FillMultiples(power, table.AsSpan(place << DigitBits, 1 << DigitBits));
            power = Projective<Fp>.DoubleTimes(power, DigitBits);
        }

        return table;
    }
}
