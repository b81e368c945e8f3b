using System.Numerics;
using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>Exponentiation by fixed, public exponents: the sequence of operations depends on the exponent only.</summary>
[SkipLocalsInit]
internal static class FieldPower
{
    public static readonly BigInteger Modulus = BigInteger.Parse(
        "01a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab",
        System.Globalization.NumberStyles.HexNumber,
        System.Globalization.CultureInfo.InvariantCulture);

    private const int Window = 5;
    private static readonly sbyte[] InvertDigits = Digits(Modulus - 2);
    private static readonly sbyte[] RootDigits = Digits((Modulus - 3) / 4);

    /// <summary>1/a, or 0 for 0.</summary>
    public static T Invert<T>(in T a) where T : unmanaged, IPrimeField<T> => Power(a, InvertDigits);

    /// <summary>a^((p-3)/4): as p = 3 mod 4, times a it is a square root of a or of -a.</summary>
    public static T InverseRoot<T>(in T a) where T : unmanaged, IPrimeField<T> => Power(a, RootDigits);

    public static T Power<T>(in T a, BigInteger exponent) where T : unmanaged, IField<T>
    {
        T result = T.One;
        for (int bit = (int)exponent.GetBitLength() - 1; bit >= 0; bit--)
        {
            result = T.Square(result);
            if (!((exponent >> bit) & 1).IsZero)
                result *= a;
        }

        return result;
    }

    /// <summary>Sliding window over odd powers; a digit of 0 stands for one squaring, an odd digit for squarings and a product.</summary>
    private static T Power<T>(in T a, sbyte[] digits) where T : unmanaged, IField<T>
    {
        Span<T> odd = stackalloc T[1 << (Window - 1)];
        odd[0] = a;
        T square = T.Square(a);
        for (int i = 1; i < odd.Length; i++)
            odd[i] = odd[i - 1] * square;
        T result = odd[digits[0] >> 1];
        for (int i = 1; i < digits.Length; i++)
        {
            result = T.Square(result);
            if (digits[i] != 0)
                result *= odd[digits[i] >> 1];
        }

        return result;
    }

    /// <summary>One entry a squaring: the odd digit to multiply after it, or 0.</summary>
    private static sbyte[] Digits(BigInteger exponent)
    {
        int length = (int)exponent.GetBitLength();
        var digits = new sbyte[length];
        for (int high = length - 1; high >= 0;)
        {
            if (((exponent >> high) & 1).IsZero)
            {
                high--;
                continue;
            }

            int low = Math.Max(0, high - Window + 1);
            while (((exponent >> low) & 1).IsZero)
                low++;
            digits[length - 1 - low] = (sbyte)(int)((exponent >> low) & ((1 << (high - low + 1)) - 1));
            high = low - 1;
        }

        // The first digit needs no squarings before it.
        int first = Array.FindIndex(digits, digit => digit != 0);
        return digits[first..];
    }
}
