using System.Net;
using System.Net.Sockets;
using CsCheck;
using Pbts.Attestation.Tests;
using Pbts.Protocol.Attestation;

namespace Pbts.Protocol.Tests.Attestation;

/// <summary>Quotes and collateral of a platform made here, under a root of its own.</summary>
public sealed class QuoteVerifierTests : IDisposable
{
    private static readonly byte[] Data = [.. Enumerable.Range(0, 64).Select(i => (byte)i)];
    private readonly TestPlatform _platform = new();

    private QuotePolicy WithoutCollateral => _platform.Policy with { AcceptedTcb = new HashSet<TcbStatus> { TcbStatus.Unknown } };

    public static TheoryData<string> Kinds => ["tdx4", "tdx5", "tdx5-1.5", "sgx3"];

    public void Dispose() => _platform.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_up_to_date_platform_is_accepted(string kind)
    {
        var verdict = QuoteVerifier.Verify(Make(kind), _platform.Policy, _platform.Collateral(new() { Tdx = kind != "sgx3" }), _platform.Now);
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Steps));
        Assert.Equal(TcbStatus.UpToDate, verdict.Tcb);
        Assert.Equal(Data, verdict.Quote!.ReportData.ToArray());
        Assert.Equal(TestPlatform.Fmspc, QuoteVerifier.FindPlatform(Make(kind), _platform.Policy, _platform.Now)!.Fmspc);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_quote_under_an_unpinned_root_is_refused(string kind) =>
        Refused(QuoteSteps.Certificates, Make(kind), policy: new QuotePolicy());

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_flipped_bit_of_header_and_body_is_noticed_and_named(string kind) =>
        QuoteRegions.FlipAll(Make(kind), WithoutCollateral, _platform.Now, 0, new QuoteRegions(Make(kind)).SignedEnd);

    /// <summary>Signatures, keys, the quoting enclave's report and the certificates: one bit of every byte.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_flipped_bit_in_any_byte_behind_the_body_is_noticed_and_named(string kind)
    {
        var quote = Make(kind);
        QuoteRegions.FlipAll(quote, WithoutCollateral, _platform.Now, new QuoteRegions(quote).SignedEnd, quote.Length, stride: 9);
    }

    [Theory]
    [Trait("suite", "slow")]
    [MemberData(nameof(Kinds))]
    public void Every_flipped_bit_behind_the_body_is_noticed_and_named(string kind)
    {
        var quote = Make(kind);
        QuoteRegions.FlipAll(quote, WithoutCollateral, _platform.Now, new QuoteRegions(quote).SignedEnd, quote.Length);
    }

    /// <summary>9.G7: a program that can be read from outside proves nothing.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void G7_debug_programs_are_refused(bool tdx)
    {
        var quote = tdx ? _platform.TdxQuote(Data, debug: true) : _platform.SgxQuote(Data, debug: true);
        var verdict = Refused(QuoteSteps.Debug, quote, new() { Tdx = tdx });
        Assert.Single(verdict.Steps, step => step.Result == StepResult.Failed);
        Assert.True(QuoteVerifier.Verify(quote, _platform.Policy with { AllowDebug = true }, _platform.Collateral(new() { Tdx = tdx }), _platform.Now).IsValid);
    }

    /// <summary>9.G7: a genuine quote of another program is not good enough where the operator named one.</summary>
    [Theory]
    [InlineData("mrtd", "10", true)]
    [InlineData("rtmr3", "14", true)]
    [InlineData("rtmr3", "13", false)]
    [InlineData("mrtd", "11", false)]
    [InlineData("mrenclave", "20", false)]
    public void G7_measurements_are_checked_against_the_policy(string name, string value, bool good)
    {
        var expected = Convert.FromHexString(string.Concat(Enumerable.Repeat(value, name == "mrenclave" ? 32 : 48)));
        var policy = _platform.Policy with { Measurements = new Dictionary<string, IReadOnlyList<byte[]>> { [name] = [new byte[48], expected] } };
        var verdict = QuoteVerifier.Verify(_platform.TdxQuote(Data), policy, _platform.Collateral(), _platform.Now);
        Assert.Equal((good, good ? null : QuoteSteps.Measurements), (verdict.IsValid, verdict.FirstFailure?.Name));
    }

    [Fact]
    public void Measurements_of_an_enclave_are_checked()
    {
        var policy = _platform.Policy with
        {
            Measurements = new Dictionary<string, IReadOnlyList<byte[]>>
            {
                ["mrenclave"] = [Enumerable.Repeat((byte)0x20, 32).ToArray()], ["mrsigner"] = [Enumerable.Repeat((byte)0x30, 32).ToArray()],
            },
        };
        Assert.True(QuoteVerifier.Verify(_platform.SgxQuote(Data), policy, _platform.Collateral(new() { Tdx = false }), _platform.Now).IsValid);
    }

    [Fact]
    public void Chains_in_another_shape_are_refused()
    {
        foreach (var order in new int[][] { [0, 2], [1, 0, 2], [0, 1], [0, 1, 2, 2], [3, 2], [2, 1, 0], [0, 1, 1, 2] })
            Refused(QuoteSteps.Certificates, _platform.TdxQuote(Data, pem: _platform.PemInOrder(order)));
        Refused(QuoteSteps.Certificates, _platform.TdxQuote(Data, pem: "none"));
        Refused(QuoteSteps.Certificates, _platform.TdxQuote(Data, pem: "note\n" + _platform.CertificatePem));
        // As many as a quote can hold.
        Refused(QuoteSteps.Certificates, _platform.TdxQuote(Data, pem: string.Concat(Enumerable.Repeat(_platform.CertificatePem, 25))));
    }

    /// <summary>9.G6: certificates name addresses too, and whoever sends a quote chooses them: none is ever asked.</summary>
    [Fact]
    public void G6_addresses_in_certificates_are_not_asked_for_anything()
    {
        using var trap = new TcpListener(IPAddress.Loopback, 0);
        trap.Start();
        var pem = _platform.PemOfForeignLeaf($"http://127.0.0.1:{((IPEndPoint)trap.LocalEndpoint).Port}/ca.crt");
        Refused(QuoteSteps.Certificates, _platform.TdxQuote(Data, pem: pem));
        Assert.Null(QuoteVerifier.FindPlatform(_platform.TdxQuote(Data, pem: pem), _platform.Policy, _platform.Now));
        Assert.False(trap.Pending());
    }

    /// <summary>A machine that another may read or move is only as good as that other one, which the policy must name.</summary>
    [Fact]
    public void G7_a_machine_with_an_unnamed_service_machine_is_refused()
    {
        var quote = _platform.TdxQuote(Data, version: 5, v15: true, serviceTd: 0x55);
        Refused(QuoteSteps.Measurements, quote);
        QuotePolicy Naming(byte value) => _platform.Policy with
        {
            Measurements = new Dictionary<string, IReadOnlyList<byte[]>> { ["mrservicetd"] = [Enumerable.Repeat(value, 48).ToArray()] },
        };
        Assert.True(QuoteVerifier.Verify(quote, Naming(0x55), _platform.Collateral(), _platform.Now).IsValid);
        Refused(QuoteSteps.Measurements, quote, policy: Naming(0x56));
        // Bodies of version 1.0 have no such field.
        Refused(QuoteSteps.Measurements, _platform.TdxQuote(Data), policy: Naming(0));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_truncation_and_every_wrong_length_is_refused(string kind)
    {
        var quote = Make(kind);
        Parallel.For(0, quote.Length, length => Assert.False(QuoteVerifier.Verify(quote.AsSpan(0, length), WithoutCollateral, null, _platform.Now).IsValid, $"{length} bytes"));
        var behind = new QuoteRegions(quote).SignedEnd;
        var header = kind == "sgx3" ? 0 : 6;
        var (qeSize, certificates) = (behind + 4 + 128 + header + 448, behind + 4 + 128 + header + 448 + 2 + 32 + 2);
        foreach (var (at, bytes) in new[] { (behind, 4), (behind + 4 + 128 + (header / 3), header == 0 ? 0 : 4), (qeSize, 2), (certificates, 4) })
        {
            foreach (var value in new uint[] { 0, 1, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff })
            {
                var copy = (byte[])quote.Clone();
                BitConverter.GetBytes(value).AsSpan(0, bytes).CopyTo(copy.AsSpan(at));
                var failure = QuoteVerifier.Verify(copy, WithoutCollateral, null, _platform.Now).FirstFailure;
                Assert.True(bytes == 0 || failure is { Name: QuoteSteps.Format }, $"{value:x} at {at}: {failure}");
            }
        }

        Assert.True(QuoteVerifier.Verify([.. quote, .. new byte[Quote.MaxSize - quote.Length]], WithoutCollateral, null, _platform.Now).IsValid);
        Refused(QuoteSteps.Format, [.. quote, .. new byte[Quote.MaxSize - quote.Length + 1]]);
    }

    /// <summary>A certificate that is signed by somebody's own authority of the right name, with the pinned root put behind it.</summary>
    [Fact]
    public void A_foreign_chain_with_the_pinned_root_behind_it_is_refused()
    {
        using var foreign = new TestPlatform();
        var pem = foreign.PemInOrder(0, 1) + _platform.PemInOrder(2);
        Assert.Equal(QuoteSteps.Certificates, QuoteVerifier.Verify(foreign.TdxQuote(Data, pem: pem), _platform.Policy, _platform.Collateral(), _platform.Now).FirstFailure!.Name);
    }

    [Fact]
    public void Bytes_of_any_kind_never_throw() => Gen.Byte.Array[0, 2000].Sample(bytes =>
    {
        Assert.False(QuoteVerifier.Verify(bytes, _platform.Policy, null, _platform.Now).IsValid);
        var quote = Make("tdx4");
        bytes.AsSpan(0, Math.Min(bytes.Length, 8)).CopyTo(quote.AsSpan(quote.Length / 3));
        quote[632 + (bytes.Length % 4)] ^= 0x41;
        Assert.False(QuoteVerifier.Verify(quote, _platform.Policy, null, _platform.Now).IsValid);
    }, iter: 300);

    private byte[] Make(string kind) => kind switch
    {
        "tdx4" => _platform.TdxQuote(Data),
        "tdx5" => _platform.TdxQuote(Data, version: 5),
        "tdx5-1.5" => _platform.TdxQuote(Data, version: 5, v15: true),
        _ => _platform.SgxQuote(Data),
    };

    private QuoteVerdict Refused(string step, byte[] quote, TestCollateral? collateral = null, QuotePolicy? policy = null)
    {
        var verdict = QuoteVerifier.Verify(quote, policy ?? _platform.Policy, _platform.Collateral(collateral ?? new()), _platform.Now);
        Assert.Equal(step, verdict.FirstFailure?.Name);
        return verdict;
    }
}
