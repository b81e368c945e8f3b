using CsCheck;
using Pbts.Attestation.Tests;
using Pbts.Protocol.Attestation;

namespace Pbts.Protocol.Tests.Attestation;

public sealed class AttestationDocumentTests
{
    private static readonly AttestationClaims Claims = new()
    {
        Purpose = AttestationPurpose.Contract, PublicKey = [.. Enumerable.Repeat((byte)1, 48)], EthereumAddress = [.. Enumerable.Repeat((byte)2, 20)],
        InstanceId = [.. Enumerable.Repeat((byte)3, 32)], Nonce = [.. Enumerable.Repeat((byte)4, 32)], Time = 1_700_000_000, Payload = "payload"u8.ToArray(),
    };

    /// <summary>The layout, computed with another program: sha512(tag padded to 32 | 01 | 01*48 | 02*20 | 03*32 | 04*32 | time | length | payload).</summary>
    [Fact]
    public void Report_data_has_the_documented_layout() => Assert.Equal(
        "29b645df7b3b1f010a6805f1b9645b14d3629c843ef09448938207972c19fd72a57dfd46cf2fa72167d35c0bac6b2d8bb4467a49c59ea5ae7d56282f82b3c16a", Convert.ToHexStringLower(Claims.ReportData()));

    /// <summary>9.G2: everything is bound; no two claims share their report data.</summary>
    [Fact]
    public void G2_every_claim_changes_the_report_data()
    {
        var all = new[]
        {
            Claims, Claims with { Purpose = AttestationPurpose.Challenge }, Claims with { PublicKey = new byte[48] }, Claims with { EthereumAddress = new byte[20] },
            Claims with { InstanceId = new byte[32] }, Claims with { Nonce = new byte[32] }, Claims with { Time = 1 }, Claims with { Payload = "payloae"u8.ToArray() },
            Claims with { Payload = [] }, Claims with { Payload = "payload\0"u8.ToArray() },
        };
        Assert.Equal(all.Length, all.Select(claims => Convert.ToHexString(claims.ReportData())).Distinct().Count());
    }

    [Fact]
    public void A_document_survives_its_bytes() => Gen.Byte.Array[0, 300].Sample(payload =>
    {
        var document = new AttestationDocument(Claims with { Payload = payload }, [1, 2, 3]);
        Assert.True(AttestationDocument.TryParse(document.ToBytes(), out var again));
        Assert.Equal(document.ToBytes(), again.ToBytes());
        Assert.Equal(payload, again.Claims.Payload);
    }, iter: 100);

    [Fact]
    public void Bytes_that_are_no_document_are_refused()
    {
        var bytes = new AttestationDocument(Claims, [1]).ToBytes();
        for (var length = 0; length < bytes.Length; length++)
            Assert.False(AttestationDocument.TryParse(bytes.AsSpan(0, length), out _));
        Assert.False(AttestationDocument.TryParse([.. bytes, .. new byte[AttestationDocument.MaxSize]], out _));
        foreach (var (at, value) in new[] { (0, 'X'), (4, (char)3), (4 + 141, (char)0x80), (4 + 142, (char)0xff) })
        {
            var bad = (byte[])bytes.Clone();
            bad[at] = (byte)value;
            Assert.False(AttestationDocument.TryParse(bad, out _), $"byte {at}");
        }
    }

    /// <summary>A quote of another attestation, or a changed bit of any claim, fails and names the step.</summary>
    [Fact]
    public void Every_flipped_bit_of_the_claims_is_noticed()
    {
        using var platform = new TestPlatform(DateTimeOffset.FromUnixTimeSeconds(Claims.Time));
        var policy = platform.Policy with { AcceptedTcb = new HashSet<TcbStatus> { TcbStatus.Unknown } };
        var bytes = new AttestationDocument(Claims, platform.TdxQuote(Claims.ReportData())).ToBytes();
        QuoteVerdict? Verify(byte[] of) => AttestationDocument.TryParse(of, out var document) ? document.Verify(policy, null, new(), platform.Now) : null;
        Assert.True(Verify(bytes)!.IsValid);
        Parallel.For(0, (4 + 145 + 7) * 8, bit =>
        {
            var copy = (byte[])bytes.Clone();
            copy[bit / 8] ^= (byte)(1 << (bit % 8));
            if (Verify(copy) is { } verdict)
                Assert.True(verdict.FirstFailure is { Name: QuoteSteps.ReportData or QuoteSteps.Format }, $"bit {bit % 8} of byte {bit / 8}: {verdict.FirstFailure}");
        });
    }

    [Fact]
    public void What_is_expected_is_checked()
    {
        using var platform = new TestPlatform(DateTimeOffset.FromUnixTimeSeconds(Claims.Time));
        var document = new AttestationDocument(Claims, platform.TdxQuote(Claims.ReportData()));
        string? Failure(AttestationExpectation expected, int later = 0) => document.Verify(platform.Policy, platform.Collateral(), expected, platform.Now.AddSeconds(later)).FirstFailure?.Name;
        Assert.Null(Failure(new() { Payload = Claims.Payload, Nonce = Claims.Nonce, PublicKey = Claims.PublicKey, InstanceId = Claims.InstanceId, Purpose = Claims.Purpose }));
        Assert.Equal(QuoteSteps.ReportData, Failure(new() { Payload = "other"u8.ToArray() }));
        Assert.Equal(QuoteSteps.ReportData, Failure(new() { PublicKey = new byte[48] }));
        Assert.Equal(QuoteSteps.ReportData, Failure(new() { InstanceId = new byte[32] }));
        Assert.Equal(QuoteSteps.ReportData, Failure(new() { Purpose = AttestationPurpose.Challenge }));
        Assert.Equal(QuoteSteps.Freshness, Failure(new() { Nonce = new byte[32] }));
        Assert.Null(Failure(new() { MaxAge = TimeSpan.FromSeconds(60) }, 60));
        Assert.Equal(QuoteSteps.Freshness, Failure(new() { MaxAge = TimeSpan.FromSeconds(60) }, 61));
        Assert.Null(Failure(new(), -120));
        Assert.Equal(QuoteSteps.Freshness, Failure(new(), -121));
    }
}
