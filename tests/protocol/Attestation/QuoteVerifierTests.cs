using CsCheck;
using Pbts.Attestation.Tests;
using Pbts.Protocol.Attestation;

namespace Pbts.Protocol.Tests.Attestation;

/// <summary>Quotes and collateral of a platform made here, under a root of its own.</summary>
public sealed class QuoteVerifierTests : IDisposable
{
    private static readonly byte[] Data = [.. Enumerable.Range(0, 64).Select(i => (byte)i)];
    private readonly TestPlatform _platform = new();

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
    public void Every_flipped_bit_of_header_and_body_is_noticed(string kind)
    {
        var quote = Make(kind);
        var policy = _platform.Policy with { AcceptedTcb = new HashSet<TcbStatus> { TcbStatus.Unknown } };
        Assert.True(QuoteVerifier.Verify(quote, policy, null, _platform.Now).IsValid);
        Parallel.For(0, (kind switch { "tdx4" => 632, "tdx5" => 638, "tdx5-1.5" => 702, _ => 432 }) * 8, bit =>
        {
            var copy = (byte[])quote.Clone();
            copy[bit / 8] ^= (byte)(1 << (bit % 8));
            var failure = QuoteVerifier.Verify(copy, policy, null, _platform.Now).FirstFailure;
            Assert.True(failure is { Name: QuoteSteps.Format or QuoteSteps.Signature }, $"bit {bit % 8} of byte {bit / 8}: {failure}");
        });
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

    /// <summary>9.G7: which statuses are good enough is the policy's to say, and the status is told either way.</summary>
    [Theory]
    [InlineData("UpToDate", "UpToDate", TcbStatus.UpToDate)]
    [InlineData("SWHardeningNeeded", "UpToDate", TcbStatus.SWHardeningNeeded)]
    [InlineData("ConfigurationNeeded", "UpToDate", TcbStatus.ConfigurationNeeded)]
    [InlineData("ConfigurationAndSWHardeningNeeded", "UpToDate", TcbStatus.ConfigurationAndSWHardeningNeeded)]
    [InlineData("OutOfDate", "UpToDate", TcbStatus.OutOfDate)]
    [InlineData("OutOfDateConfigurationNeeded", "UpToDate", TcbStatus.OutOfDateConfigurationNeeded)]
    [InlineData("Revoked", "UpToDate", TcbStatus.Revoked)]
    [InlineData("UpToDate", "OutOfDate", TcbStatus.OutOfDate)]
    [InlineData("ConfigurationNeeded", "OutOfDate", TcbStatus.OutOfDateConfigurationNeeded)]
    [InlineData("SWHardeningNeeded", "Revoked", TcbStatus.Revoked)]
    public void G7_every_status_is_named_and_judged_by_the_policy(string platform, string enclave, TcbStatus expected)
    {
        var collateral = _platform.Collateral(new() { Status = platform, QeStatus = enclave, Advisories = ["INTEL-SA-00002"] });
        var verdict = QuoteVerifier.Verify(_platform.TdxQuote(Data), _platform.Policy, collateral, _platform.Now);
        Assert.Equal((expected, expected == TcbStatus.UpToDate), (verdict.Tcb, verdict.IsValid));
        Assert.Equal(["INTEL-SA-00002"], verdict.Advisories);
        Assert.True(QuoteVerifier.Verify(_platform.TdxQuote(Data), _platform.Policy with { AcceptedTcb = new HashSet<TcbStatus> { expected } }, collateral, _platform.Now).IsValid);
    }

    [Fact]
    public void A_platform_below_the_newest_level_has_the_next_ones_status() =>
        Assert.Equal(TcbStatus.OutOfDate, Refused(QuoteSteps.TcbStatus, Make("tdx4"), new() { RequiredSvn = 4 }).Tcb);

    public static TheoryData<string, string> BadCollateral => new()
    {
        { "pck revoked", QuoteSteps.Revocation }, { "authority revoked", QuoteSteps.Revocation }, { "lists expired", QuoteSteps.Revocation },
        { "forged list", QuoteSteps.Revocation }, { "signer revoked", QuoteSteps.QeIdentity }, { "not the signer", QuoteSteps.QeIdentity },
        { "other enclave", QuoteSteps.QeIdentity }, { "of SGX", QuoteSteps.QeIdentity }, { "other platform", QuoteSteps.TcbStatus },
        { "expired", QuoteSteps.TcbStatus }, { "of tomorrow", QuoteSteps.TcbStatus }, { "changed", QuoteSteps.TcbStatus },
    };

    [Theory]
    [MemberData(nameof(BadCollateral))]
    public void Bad_collateral_is_refused_at_its_step(string what, string step)
    {
        var now = _platform.Now;
        var options = what switch
        {
            "pck revoked" => new TestCollateral { RevokePck = true },
            "authority revoked" => new() { RevokeAuthority = true },
            "lists expired" => new() { ListsUntil = now.AddDays(-1) },
            "forged list" => new() { ForgePckList = true },
            "signer revoked" => new() { RevokeSigner = true },
            "not the signer" => new() { Signers = _platform.CertificatePem },
            "other enclave" => new() { QeSigner = "78" },
            "of SGX" => new() { Tdx = false },
            "other platform" => new() { Fmspc = "00906ED50001" },
            "expired" => new() { NextUpdate = now.AddHours(-1) },
            "of tomorrow" => new() { IssueDate = now.AddDays(1) },
            _ => new(),
        };
        var collateral = _platform.Collateral(options);
        if (what == "changed")
            collateral = collateral with { TcbInfo = collateral.TcbInfo.Replace("\"OutOfDate\"", "\"UpToDate\"", StringComparison.Ordinal) };
        var verdict = QuoteVerifier.Verify(Make("tdx4"), _platform.Policy, collateral, now);
        Assert.Equal(step, verdict.FirstFailure?.Name);
    }

    [Fact]
    public void Chains_in_another_shape_are_refused()
    {
        foreach (var order in new int[][] { [0, 2], [1, 0, 2], [0, 1], [0, 1, 2, 2], [3, 2], [2, 1, 0], [0, 1, 1, 2] })
            Refused(QuoteSteps.Certificates, _platform.TdxQuote(Data, pem: _platform.PemInOrder(order)));
        Refused(QuoteSteps.Certificates, _platform.TdxQuote(Data, pem: "none"));
        Refused(QuoteSteps.Certificates, _platform.TdxQuote(Data, pem: "note\n" + _platform.CertificatePem));
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
    public void Collateral_files_are_read_and_bad_ones_refused()
    {
        var json = TestPlatform.ToJson(_platform.Collateral());
        Assert.True(Collateral.TryParse(json, out var collateral));
        Assert.True(QuoteVerifier.Verify(Make("tdx4"), _platform.Policy, collateral, _platform.Now).IsValid);
        Assert.True(collateral.IsFor(TeeKind.Tdx, Convert.FromHexString(TestPlatform.Fmspc)));
        Assert.False(collateral.IsFor(TeeKind.Sgx, Convert.FromHexString(TestPlatform.Fmspc)));
        foreach (var bad in new[] { "", "[]", "{}", "null", json.Replace("\"root_ca_crl\":\"30", "\"root_ca_crl\":\"3", StringComparison.Ordinal), json.Replace("tcb_info", "x", StringComparison.Ordinal) })
            Assert.False(Collateral.TryParse(bad, out _));
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
