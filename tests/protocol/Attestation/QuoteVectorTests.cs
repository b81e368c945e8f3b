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
    public void Every_flipped_bit_before_the_certificates_is_noticed_and_named() =>
        QuoteRegions.FlipAll(Sample("complete"), NoCollateral, Now, 0, new QuoteRegions(Sample("complete")).CertificatesStart);

    /// <summary>One bit of every byte of the certificates and of the padding behind them.</summary>
    [Fact]
    public void A_flipped_bit_in_any_byte_of_the_certificates_is_noticed_and_named() =>
        QuoteRegions.FlipAll(Sample("complete"), NoCollateral, Now, new QuoteRegions(Sample("complete")).CertificatesStart, Sample("complete").Length, stride: 9);

    [Fact]
    [Trait("suite", "slow")]
    public void Every_flipped_bit_of_the_certificates_is_noticed_and_named() =>
        QuoteRegions.FlipAll(Sample("complete"), NoCollateral, Now, new QuoteRegions(Sample("complete")).CertificatesStart, Sample("complete").Length);

    [Fact]
    public void Every_truncation_is_refused()
    {
        var sample = Sample("complete");
        Parallel.For(0, 4936, length => Assert.False(QuoteVerifier.Verify(sample.AsSpan(0, length), NoCollateral, null, Now).IsValid, $"{length} bytes"));
    }
}
