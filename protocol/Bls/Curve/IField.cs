namespace Pbts.Protocol.Bls.Curve;

/// <summary>
/// A field, or several equal fields side by side ("lanes"). Masks carry one bit a lane, bit 0 for a scalar field,
/// so that the same branch-free curve code runs on one element or on eight.
/// </summary>
internal interface IField<T> where T : unmanaged, IField<T>
{
    static abstract T Zero { get; }
    static abstract T One { get; }
    static abstract T operator +(in T a, in T b);
    static abstract T operator -(in T a, in T b);
    static abstract T operator *(in T a, in T b);
    static abstract T operator -(in T a);
    static abstract T Square(in T a);

    /// <summary><c>a*b + c*d</c>, with one reduction where the field can.</summary>
    static abstract T SumOfProducts(in T a, in T b, in T c, in T d);

    /// <summary><c>a*b - c*d</c>, with one reduction where the field can.</summary>
    static abstract T DifferenceOfProducts(in T a, in T b, in T c, in T d);

    /// <summary>The sum of two reduced elements, left unreduced: only good as an operand of a product, not of a square or sum.</summary>
    static abstract T LazySum(in T a, in T b);

    /// <summary>Three times the constant b of the curve over this field: G1 over Fp has b = 4, G2 over Fp2 b = 4(1+i).</summary>
    static abstract T TimesThreeB(in T a);

    /// <summary>Per lane <paramref name="whenSet"/> where the mask has a 1, else <paramref name="whenClear"/>; no branch.</summary>
    static abstract T Select(int mask, in T whenSet, in T whenClear);

    static abstract int IsZeroMask(in T a);

    /// <summary>The sign of RFC 9380 section 4.1 (sgn0), a bit a lane.</summary>
    static abstract int Sgn0(in T a);
}

/// <summary>A prime field Fp or lanes of it, the base that <see cref="Fp2{T}"/> is built on.</summary>
internal interface IPrimeField<T> : IField<T> where T : unmanaged, IPrimeField<T>
{
    /// <summary>The same element in every lane.</summary>
    static abstract T Broadcast(in Fp a);

    /// <summary><c>a*b + c*d + e*f</c>, with one reduction where the field can.</summary>
    static abstract T SumOfProducts(in T a, in T b, in T c, in T d, in T e, in T f);

    /// <summary>The parts of <c>(a0 + a1*i)(b0 + b1*i)</c>, i^2 = -1.</summary>
    static abstract void Multiply(in T a0, in T a1, in T b0, in T b1, out T real, out T imaginary);

    /// <summary>The parts of <c>(a0 + a1*i)(b0 + b1*i) + (c0 + c1*i)(d0 + d1*i)</c>.</summary>
    static abstract void SumOfProducts(
        in T a0, in T a1, in T b0, in T b1, in T c0, in T c1, in T d0, in T d1, out T real, out T imaginary);

    /// <summary>The product in Fp12, with one reduction a coefficient where the field can; so are the three below.</summary>
    static virtual Fp12<T> Multiply(in Fp12<T> a, in Fp12<T> b) => Fp12<T>.MultiplyReduced(a, b);

    /// <inheritdoc cref="Fp12{T}.Square"/>
    static virtual Fp12<T> Square(in Fp12<T> a) => Fp12<T>.SquareReduced(a);

    /// <inheritdoc cref="Fp12{T}.TimesLine"/>
    static virtual Fp12<T> TimesLine(in Fp12<T> a, in Fp2<T> l0, in Fp2<T> l1, in Fp2<T> l4) => Fp12<T>.TimesLineReduced(a, l0, l1, l4);

    /// <summary><c>(a + b*t)^2 = even + odd*t</c> with t^2 = 1+i.</summary>
    static virtual void SquareQuartic(in Fp2<T> a, in Fp2<T> b, out Fp2<T> even, out Fp2<T> odd) => Fp12<T>.SquareQuarticReduced(a, b, out even, out odd);

    /// <summary>3a - 2b.</summary>
    static virtual T TripleLessTwice(in T a, in T b)
    {
        T difference = a - b;
        return difference + difference + a;
    }

    /// <summary>3a + 2b.</summary>
    static virtual T TriplePlusTwice(in T a, in T b)
    {
        T sum = a + b;
        return sum + sum + a;
    }

    /// <summary>-a left unreduced, for an element or a lazy sum: only good as an operand of a sum of products.</summary>
    static abstract T LazyNegative(in T a);

    /// <summary>How many independent elements one value holds.</summary>
    static abstract int Lanes { get; }

    /// <summary>One element into each lane.</summary>
    static abstract T Gather(ReadOnlySpan<Fp> elements);

    /// <summary>The element of each lane.</summary>
    static abstract void Scatter(in T a, Span<Fp> elements);
}
