using System.Buffers.Binary;
using Pbts.Protocol.Attestation;

namespace Pbts.Protocol.Tests.Attestation;

/// <summary>Which step must notice a changed bit, by where in a quote it is.</summary>
internal sealed class QuoteRegions
{
    private readonly List<(int End, string Step)> _regions = [];

    public QuoteRegions(ReadOnlySpan<byte> quote)
    {
        var version = BinaryPrimitives.ReadUInt16LittleEndian(quote);
        // Version, key type and kind, the vendor; the security versions between them and the user data behind are signed.
        Add(8, QuoteSteps.Format);
        Add(4, QuoteSteps.Signature);
        Add(16, QuoteSteps.Format);
        Add(20, QuoteSteps.Signature);
        var body = version == 3 ? EnclaveReport.Size : TdReport.Size10;
        if (version == 5)
        {
            body = (int)BinaryPrimitives.ReadUInt32LittleEndian(quote[50..]);
            Add(6, QuoteSteps.Format);
        }

        Add(body, QuoteSteps.Signature);
        SignedEnd = End;
        Add(4, QuoteSteps.Format);
        Add(64, QuoteSteps.Signature);
        Add(64, QuoteSteps.AttestationKey);
        if (version > 3)
            Add(6, QuoteSteps.Format);
        Add(EnclaveReport.Size + 64, QuoteSteps.QeReport);
        var authentication = BinaryPrimitives.ReadUInt16LittleEndian(quote[End..]);
        Add(2, QuoteSteps.Format);
        Add(authentication, QuoteSteps.AttestationKey);
        var certificates = (int)BinaryPrimitives.ReadUInt32LittleEndian(quote[(End + 2)..]);
        Add(6, QuoteSteps.Format);
        CertificatesStart = End;
        Add(certificates, QuoteSteps.Certificates);
        Add(quote.Length - End, QuoteSteps.Format);
    }

    /// <summary>Where header and body end.</summary>
    public int SignedEnd { get; }

    public int CertificatesStart { get; }

    private int End => _regions.Count == 0 ? 0 : _regions[^1].End;

    /// <summary>The first step that fails when a bit of this byte is another.</summary>
    public string StepOf(int at) => _regions.First(region => at < region.End).Step;

    /// <summary>Flips bits from one byte to another in copies of a quote and sees that the right step notices each.</summary>
    /// <param name="stride">1 for every bit; with an odd number every position within a byte has its turn.</param>
    public static void FlipAll(byte[] quote, QuotePolicy policy, DateTimeOffset now, int from, int to, int stride = 1)
    {
        var regions = new QuoteRegions(quote);
        Parallel.For(0, (((to - from) * 8) + stride - 1) / stride, i =>
        {
            var bit = (from * 8) + (i * stride);
            var copy = (byte[])quote.Clone();
            copy[bit / 8] ^= (byte)(1 << (bit % 8));
            var failure = QuoteVerifier.Verify(copy, policy, null, now).FirstFailure;
            Assert.True(failure is not null, $"bit {bit % 8} of byte {bit / 8} may be flipped");
            Assert.True(regions.StepOf(bit / 8) == failure.Name, $"bit {bit % 8} of byte {bit / 8}: {failure}, expected {regions.StepOf(bit / 8)}");
        });
    }

    private void Add(int length, string step) => _regions.Add((End + length, step));
}
