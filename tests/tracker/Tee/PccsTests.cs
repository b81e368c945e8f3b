using System.Text.Json.Nodes;
using Pbts.Attestation.Tests;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Tee;

/// <summary>Collateral from a service of the operator's, in the form Intel's PCS gives it.</summary>
public sealed class PccsTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    /// <summary>9.G6, 9.G9: the configured service is asked once, a failure is not tried a second time, and what it says is believed only under the pinned root.</summary>
    [Fact]
    public async Task G6_G9_the_configured_PCCS_works_and_is_asked_once()
    {
        using var platform = new TestPlatform();
        using var foreign = new TestPlatform();
        await using var pccs = await TestPccs.StartAsync(platform.Collateral());
        var asked = pccs.Asked;
        var root = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(root, platform.Root.ExportCertificatePem());
            await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Tee__PccsUrl", pccs.Url), ("Tee__RootCertificate", root));
            var data = new byte[64];
            async Task<JsonObject> VerifyAsync(byte[] quote) => (await node.Http.PostAsync("/verify-attestation", new JsonObject
            {
                ["quote"] = Convert.ToHexStringLower(quote), ["expected_report_data"] = new string('0', 128),
            })).Answer;

            // A quote that does not end at the root makes nobody ask anybody.
            var bad = await VerifyAsync(foreign.TdxQuote(data));
            Assert.StartsWith("certificates:", (string)bad["error"]!, StringComparison.Ordinal);
            Assert.Empty(asked);

            for (var i = 0; i < 3; i++)
            {
                var good = await VerifyAsync(platform.TdxQuote(data, version: 5));
                Assert.True((bool)good["is_valid"]!, good.ToJsonString());
                Assert.Equal("UpToDate", (string)good["tcb_status"]!);
            }

            Assert.Equal(4, asked.Count);

            // SGX is another list, which this service does not have.
            Assert.StartsWith("tcb_status: there is no collateral", (string)(await VerifyAsync(platform.SgxQuote(data)))["error"]!, StringComparison.Ordinal);
            Assert.Equal(5, asked.Count);
        }
        finally
        {
            File.Delete(root);
        }
    }
}
