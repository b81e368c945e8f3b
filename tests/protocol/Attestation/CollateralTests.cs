using System.Text.Json.Nodes;
using Pbts.Attestation.Tests;
using Pbts.Protocol.Attestation;

namespace Pbts.Protocol.Tests.Attestation;

/// <summary>What Intel says of platforms, made here in good and bad.</summary>
public sealed class CollateralTests : IDisposable
{
    private static readonly byte[] Data = new byte[64];
    private readonly TestPlatform _platform = new();

    public void Dispose() => _platform.Dispose();

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
        Assert.Equal(TcbStatus.OutOfDate, Verify(new() { RequiredSvn = 4 }).Tcb);

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
        var verdict = QuoteVerifier.Verify(_platform.TdxQuote(Data), _platform.Policy, collateral, now);
        Assert.Equal(step, verdict.FirstFailure?.Name);
    }

    /// <summary>From module 1.5 on the module has levels of its own, and what it lacks is what the platform lacks.</summary>
    [Theory]
    [InlineData(1, 5, "UpToDate", "0", TcbStatus.UpToDate)]
    [InlineData(1, 5, "OutOfDate", "0", TcbStatus.OutOfDate)]
    [InlineData(1, 4, "UpToDate", "0", TcbStatus.OutOfDate)]
    [InlineData(1, 0, "UpToDate", "0", TcbStatus.Unknown)]
    [InlineData(2, 5, "UpToDate", "0", TcbStatus.Unknown)]
    [InlineData(1, 5, "UpToDate", "8", TcbStatus.Unknown)]
    public void The_TDX_module_is_rated_by_its_own_levels(int version, int svn, string status, string signer, TcbStatus expected)
    {
        var collateral = _platform.Collateral(new() { ModuleStatus = status, ModuleSigner = signer });
        var verdict = QuoteVerifier.Verify(_platform.TdxQuote(Data, version: 5, v15: true, module: (svn, version)), _platform.Policy, collateral, _platform.Now);
        Assert.Equal((expected, expected == TcbStatus.UpToDate ? null : QuoteSteps.TcbStatus), (verdict.Tcb, verdict.FirstFailure?.Name));
    }

    public static TheoryData<string, string> Regions => new()
    {
        { nameof(Collateral.TcbInfo), QuoteSteps.TcbStatus }, { nameof(Collateral.TcbInfoSignature), QuoteSteps.TcbStatus }, { nameof(Collateral.TcbInfoChain), QuoteSteps.TcbStatus },
        { nameof(Collateral.QeIdentity), QuoteSteps.QeIdentity }, { nameof(Collateral.QeIdentitySignature), QuoteSteps.QeIdentity }, { nameof(Collateral.QeIdentityChain), QuoteSteps.QeIdentity },
        { nameof(Collateral.RootCrl), QuoteSteps.Revocation }, { nameof(Collateral.PckCrl), QuoteSteps.Revocation },
    };

    [Theory]
    [MemberData(nameof(Regions))]
    public void A_flipped_bit_in_any_byte_is_noticed_at_its_step(string region, string step) => FlipAll(region, step, stride: 9);

    [Theory]
    [Trait("suite", "slow")]
    [MemberData(nameof(Regions))]
    public void Every_flipped_bit_is_noticed_at_its_step(string region, string step) => FlipAll(region, step, stride: 1);

    /// <summary>Signed by the right key and yet not of the right shape: refused, or of no consequence, and never an exception.</summary>
    [Fact]
    public void Signed_documents_of_another_shape_never_throw()
    {
        var good = _platform.Collateral(new() { ModuleStatus = "UpToDate", Advisories = ["INTEL-SA-00001"] });
        var quote = _platform.TdxQuote(Data, module: (5, 1));
        Assert.True(QuoteVerifier.Verify(quote, _platform.Policy, good, _platform.Now).IsValid);
        var refused = 0;
        foreach (var (isInfo, document) in new[] { (true, good.TcbInfo), (false, good.QeIdentity) })
        {
            foreach (var path in Paths(JsonNode.Parse(document)!))
            {
                foreach (var value in new JsonNode?[] { null, -1, "x", new JsonArray(), new JsonObject() })
                {
                    var changed = JsonNode.Parse(document)!;
                    path(changed, value?.DeepClone());
                    var text = changed.ToJsonString();
                    var collateral = _platform.Sign(isInfo ? good with { TcbInfo = text } : good with { QeIdentity = text });
                    _ = collateral.IsFor(TeeKind.Tdx, Convert.FromHexString(TestPlatform.Fmspc));
                    _ = collateral.NextUpdate;
                    var failure = QuoteVerifier.Verify(quote, _platform.Policy, collateral, _platform.Now).FirstFailure;
                    Assert.True(failure is null || failure.Name == (isInfo ? QuoteSteps.TcbStatus : QuoteSteps.QeIdentity), $"{text}: {failure}");
                    refused += failure is null ? 0 : 1;
                }
            }
        }

        Assert.True(refused > 300, $"{refused} refused");
    }

    [Fact]
    public void Collateral_files_are_read_and_bad_ones_refused()
    {
        var json = TestPlatform.ToJson(_platform.Collateral());
        Assert.True(Collateral.TryParse(json, out var collateral));
        Assert.True(QuoteVerifier.Verify(_platform.TdxQuote(Data), _platform.Policy, collateral, _platform.Now).IsValid);
        Assert.True(collateral.IsFor(TeeKind.Tdx, Convert.FromHexString(TestPlatform.Fmspc)));
        Assert.False(collateral.IsFor(TeeKind.Sgx, Convert.FromHexString(TestPlatform.Fmspc)));
        foreach (var bad in new[] { "", "[]", "{}", "null", json.Replace("\"root_ca_crl\":\"30", "\"root_ca_crl\":\"3", StringComparison.Ordinal), json.Replace("tcb_info", "x", StringComparison.Ordinal) })
            Assert.False(Collateral.TryParse(bad, out _));
    }

    private void FlipAll(string region, string step, int stride)
    {
        var (quote, good) = (_platform.TdxQuote(Data), _platform.Collateral());
        Assert.True(QuoteVerifier.Verify(quote, _platform.Policy, good, _platform.Now).IsValid);
        var property = typeof(Collateral).GetProperty(region)!;
        var value = property.GetValue(good)!;
        var bits = 8 * (value is byte[] whole ? whole.Length : ((string)value).Length);
        Parallel.For(0, (bits + stride - 1) / stride, i =>
        {
            var bit = i * stride;
            var changed = good with { };
            property.SetValue(changed, Flip(value, bit / 8, 1 << (bit % 8)));
            var failure = QuoteVerifier.Verify(quote, _platform.Policy, changed, _platform.Now).FirstFailure;
            Assert.True(failure?.Name == step, $"bit {bit % 8} of byte {bit / 8}: {failure}");
        });
    }

    private static object Flip(object value, int at, int mask)
    {
        if (value is byte[] bytes)
        {
            var copy = (byte[])bytes.Clone();
            copy[at] ^= (byte)mask;
            return copy;
        }

        var text = ((string)value).ToCharArray();
        text[at] ^= (char)mask;
        return new string(text);
    }

    /// <summary>A way to replace each value of a document, however deep.</summary>
    private static IEnumerable<Action<JsonNode, JsonNode?>> Paths(JsonNode node) => node switch
    {
        JsonObject all => all.SelectMany(pair => Paths(pair.Value!).Select<Action<JsonNode, JsonNode?>, Action<JsonNode, JsonNode?>>(inner => (root, value) => inner(root[pair.Key]!, value))
            .Prepend((root, value) => root[pair.Key] = value)),
        JsonArray all => all.Index().SelectMany(item => Paths(item.Item!).Select<Action<JsonNode, JsonNode?>, Action<JsonNode, JsonNode?>>(inner => (root, value) => inner(root[item.Index]!, value))
            .Prepend((root, value) => root[item.Index] = value)),
        _ => [],
    };

    private QuoteVerdict Verify(TestCollateral collateral) => QuoteVerifier.Verify(_platform.TdxQuote(Data), _platform.Policy, _platform.Collateral(collateral), _platform.Now);
}
