using Pbts.Protocol.Bls.Curve;

namespace Pbts.Protocol.Tests.Bls;

/// <summary>The base field, writing down which operations it is asked for.</summary>
internal readonly struct TracedFp(Fp value) : IPrimeField<TracedFp>
{
    /// <summary>A letter for each operation of this thread since <see cref="Begin"/>; null before.</summary>
    [ThreadStatic]
    private static List<char>? trace;

    private readonly Fp value = value;

    public static TracedFp Zero => default;

    public static TracedFp One => new(Fp.One);

    public static int Lanes => 1;

    public static void Begin() => trace = [];

    public static string End()
    {
        string all = new(trace!.ToArray());
        trace = null;
        return all;
    }

    public static TracedFp operator +(in TracedFp a, in TracedFp b) => Note('+', a.value + b.value);

    public static TracedFp operator -(in TracedFp a, in TracedFp b) => Note('-', a.value - b.value);

    public static TracedFp operator *(in TracedFp a, in TracedFp b) => Note('*', a.value * b.value);

    public static TracedFp operator -(in TracedFp a) => Note('n', -a.value);

    public static TracedFp Square(in TracedFp a) => Note('2', Fp.Square(a.value));

    public static TracedFp SumOfProducts(in TracedFp a, in TracedFp b, in TracedFp c, in TracedFp d) =>
        Note('s', Fp.SumOfProducts(a.value, b.value, c.value, d.value));

    public static TracedFp DifferenceOfProducts(in TracedFp a, in TracedFp b, in TracedFp c, in TracedFp d) =>
        Note('d', Fp.DifferenceOfProducts(a.value, b.value, c.value, d.value));

    public static TracedFp SumOfProducts(in TracedFp a, in TracedFp b, in TracedFp c, in TracedFp d, in TracedFp e, in TracedFp f) =>
        Note('t', Fp.SumOfProducts(a.value, b.value, c.value, d.value, e.value, f.value));

    public static void Multiply(in TracedFp a0, in TracedFp a1, in TracedFp b0, in TracedFp b1, out TracedFp real, out TracedFp imaginary)
    {
        Fp.Multiply(a0.value, a1.value, b0.value, b1.value, out Fp c0, out Fp c1);
        (real, imaginary) = (Note('x', c0), new(c1));
    }

    public static void SumOfProducts(
        in TracedFp a0, in TracedFp a1, in TracedFp b0, in TracedFp b1, in TracedFp c0, in TracedFp c1, in TracedFp d0, in TracedFp d1,
        out TracedFp real, out TracedFp imaginary)
    {
        Fp.SumOfProducts(a0.value, a1.value, b0.value, b1.value, c0.value, c1.value, d0.value, d1.value, out Fp e0, out Fp e1);
        (real, imaginary) = (Note('f', e0), new(e1));
    }

    public static TracedFp LazyNegative(in TracedFp a) => Note('m', Fp.LazyNegative(a.value));

    public static TracedFp LazySum(in TracedFp a, in TracedFp b) => Note('l', Fp.LazySum(a.value, b.value));

    public static TracedFp TimesThreeB(in TracedFp a) => Note('b', Fp.TimesThreeB(a.value));

    public static TracedFp Select(int mask, in TracedFp whenSet, in TracedFp whenClear) => Note('?', Fp.Select(mask, whenSet.value, whenClear.value));

    public static TracedFp Broadcast(in Fp a) => new(a);

    public static TracedFp Gather(ReadOnlySpan<Fp> elements) => new(elements[0]);

    public static void Scatter(in TracedFp a, Span<Fp> elements) => elements[0] = a.value;

    public static int IsZeroMask(in TracedFp a)
    {
        trace?.Add('0');
        return Fp.IsZeroMask(a.value);
    }

    public static int Sgn0(in TracedFp a)
    {
        trace?.Add('g');
        return Fp.Sgn0(a.value);
    }

    private static TracedFp Note(char operation, in Fp result)
    {
        trace?.Add(operation);
        return new(result);
    }
}
