using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Pbts.Attestation.Tests;
using Pbts.Protocol.Attestation;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Tee;

/// <summary>Collateral from a service of the operator's, in the form Intel's PCS gives it.</summary>
[Collection("postgres")]
public sealed class PccsTests(PostgresServer postgres)
{
    /// <summary>9.G6, 9.G9: the configured service is asked once, a failure is not tried a second time, and what it says is believed only under the pinned root.</summary>
    [Fact]
    public async Task G6_G9_the_configured_PCCS_works_and_is_asked_once()
    {
        using var platform = new TestPlatform();
        using var foreign = new TestPlatform();
        var (served, asked) = (platform.Collateral(), new ConcurrentQueue<string>());
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var pccs = builder.Build();
        pccs.Map("/{**path}", (HttpContext context) =>
        {
            asked.Enqueue(context.Request.Path + context.Request.QueryString);
            IResult Signed(string name, string text, byte[] signature, string header, string chain)
            {
                context.Response.Headers[header] = Uri.EscapeDataString(chain);
                return Results.Text($"{{\"{name}\":{text},\"signature\":\"{Convert.ToHexStringLower(signature)}\"}}", "application/json");
            }

            return (string)context.Request.Path! switch
            {
                "/tdx/certification/v4/tcb" when context.Request.Query["fmspc"] == TestPlatform.Fmspc =>
                    Signed("tcbInfo", served.TcbInfo, served.TcbInfoSignature, "TCB-Info-Issuer-Chain", served.TcbInfoChain),
                "/tdx/certification/v4/qe/identity" => Signed("enclaveIdentity", served.QeIdentity, served.QeIdentitySignature, "SGX-Enclave-Identity-Issuer-Chain", served.QeIdentityChain),
                "/sgx/certification/v4/pckcrl" when context.Request.Query["ca"] == "platform" => Results.Bytes(served.PckCrl),
                "/sgx/certification/v4/rootcacrl" => Results.Text(Convert.ToHexStringLower(served.RootCrl)),
                _ => Results.NotFound(),
            };
        });
        await pccs.StartAsync();
        var root = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(root, platform.Root.ExportCertificatePem());
            await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Tee__PccsUrl", pccs.Urls.Single()), ("Tee__RootCertificate", root));
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
