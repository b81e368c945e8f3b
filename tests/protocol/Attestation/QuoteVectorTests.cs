using Pbts.Attestation.Tests;
using Pbts.Protocol.Attestation;

namespace Pbts.Protocol.Tests.Attestation;

/// <summary>The public sample quotes, against Intel's own root.</summary>
public sealed class QuoteVectorTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly QuotePolicy NoCollateral = new() { AcceptedTcb = new HashSet<TcbStatus> { TcbStatus.Unknown } };

    public static byte[] Sample(string name) =>
        Vectors.Load("tdx_quotes.json").GetProperty("quotes").EnumerateArray().Single(quote => quote.Text("name") == name).Hex("hex");

    [Fact]
    public void The_complete_sample_verifies_up_to_Intels_root()
    {
        var verdict = QuoteVerifier.Verify(Sample("complete"), NoCollateral, null, Now);
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Steps));
        Assert.Equal(
            [QuoteSteps.Format, QuoteSteps.Certificates, QuoteSteps.QeReport, QuoteSteps.AttestationKey, QuoteSteps.Signature, QuoteSteps.Debug],
            verdict.Steps.Where(step => step.Result == StepResult.Passed).Select(step => step.Name));
        Assert.Equal((4, TeeKind.Tdx, TcbStatus.Unknown), (verdict.Quote!.Version, verdict.Quote.Kind, verdict.Tcb));
        Assert.Equal("platform", QuoteVerifier.FindPlatform(Sample("complete"), NoCollateral, Now)!.Authority);
    }

    [Fact]
    public void The_damaged_sample_is_refused() =>
        Assert.Equal(QuoteSteps.Format, QuoteVerifier.Verify(Sample("damaged"), NoCollateral, null, Now).FirstFailure!.Name);

    /// <summary>The same damage under a size that fits: now the certificates are what is wrong.</summary>
    [Fact]
    public void A_hole_in_a_certificate_is_refused()
    {
        var quote = Sample("damaged");
        foreach (var (offset, size) in new[] { (632, quote.Length - 636), (766, quote.Length - 770) })
            BitConverter.TryWriteBytes(quote.AsSpan(offset), (uint)size);
        var chainSize = 770 + 384 + 64 + 2 + 32 + 2;
        BitConverter.TryWriteBytes(quote.AsSpan(chainSize), (uint)(quote.Length - chainSize - 4));
        Assert.Equal(QuoteSteps.Certificates, QuoteVerifier.Verify(quote, NoCollateral, null, Now).FirstFailure!.Name);
    }

    /// <summary>9.G1: the report data is at offset 568 and not at 416.</summary>
    [Fact]
    public void G1_report_data_is_read_at_offset_568()
    {
        var bytes = Sample("complete");
        Assert.True(Quote.TryParse(bytes, out var quote, out _));
        Assert.Equal(bytes[568..632], quote.ReportData.ToArray());
        Assert.Equal(bytes[184..232], quote.Measurement("mrtd"));
        Assert.Equal([bytes[376..424], bytes[424..472], bytes[472..520], bytes[520..568]], Enumerable.Range(0, 4).Select(i => quote.Measurement($"rtmr{i}")!));
    }

    /// <summary>9.G7: without collateral nobody knows the platform's status, and that is not taken for up to date.</summary>
    [Fact]
    public void G7_without_collateral_the_status_is_unknown_and_refused_by_default()
    {
        var verdict = QuoteVerifier.Verify(Sample("complete"), new QuotePolicy(), null, Now);
        Assert.Equal((false, TcbStatus.Unknown, QuoteSteps.TcbStatus), (verdict.IsValid, verdict.Tcb, verdict.FirstFailure!.Name));
    }

    [Theory]
    [InlineData("2025-08-31")]
    [InlineData("2032-09-02")]
    public void Certificates_must_be_in_force(string day) =>
        Assert.Equal(QuoteSteps.Certificates, QuoteVerifier.Verify(Sample("complete"), NoCollateral, null, DateTimeOffset.Parse(day + "T00:00:00Z", null)).FirstFailure!.Name);

    [Fact]
    public void Another_root_refuses_the_sample()
    {
        using var platform = new TestPlatform();
        Assert.Equal(QuoteSteps.Certificates, QuoteVerifier.Verify(Sample("complete"), NoCollateral with { Root = platform.Root }, null, Now).FirstFailure!.Name);
    }

    /// <summary>Every bit of the sample but those of its certificates, each in a copy of its own.</summary>
    [Fact]
    public void Every_flipped_bit_before_the_certificates_is_noticed_and_named()
    {
        var sample = Sample("complete");
        const int certificates = 770 + 384 + 64 + 2 + 32 + 6;
        var seen = new HashSet<string>();
        Parallel.For(0, certificates * 8, bit =>
        {
            var failure = Flip(sample, bit).FirstFailure;
            Assert.True(failure is not null, $"bit {bit % 8} of byte {bit / 8} may be flipped");
            var expected = (bit / 8) switch
            {
                < 28 => bit / 8 is >= 8 and < 12 ? QuoteSteps.Signature : QuoteSteps.Format,
                < 632 => QuoteSteps.Signature,
                < 636 => QuoteSteps.Format,
                < 700 => QuoteSteps.Signature,
                < 764 => QuoteSteps.AttestationKey,
                < 770 => QuoteSteps.Format,
                < 770 + 448 => QuoteSteps.QeReport,
                < 770 + 450 => QuoteSteps.Format,
                < 770 + 482 => QuoteSteps.AttestationKey,
                _ => QuoteSteps.Format,
            };
            Assert.True(expected == failure.Name, $"bit {bit % 8} of byte {bit / 8}: {failure}, expected {expected}");
            lock (seen)
                seen.Add(failure.Name);
        });
        Assert.Equal(4, seen.Count);
    }

    /// <summary>One bit of every byte of the certificates and of the padding behind them.</summary>
    [Fact]
    public void A_flipped_bit_in_any_byte_of_the_certificates_is_noticed_and_named()
    {
        var sample = Sample("complete");
        Parallel.For(770 + 384 + 64 + 2 + 32 + 6, sample.Length, at =>
        {
            var failure = Flip(sample, (at * 8) + (at % 8)).FirstFailure;
            Assert.True(failure is not null, $"bit {at % 8} of byte {at} may be flipped");
            Assert.Equal(at < 4936 ? QuoteSteps.Certificates : QuoteSteps.Format, failure.Name);
        });
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        var sample = Sample("complete");
        Parallel.For(0, 4936, length => Assert.False(QuoteVerifier.Verify(sample.AsSpan(0, length), NoCollateral, null, Now).IsValid, $"{length} bytes"));
    }

    private static QuoteVerdict Flip(byte[] sample, int bit)
    {
        var copy = (byte[])sample.Clone();
        copy[bit / 8] ^= (byte)(1 << (bit % 8));
        return QuoteVerifier.Verify(copy, NoCollateral, null, Now);
    }
}
