using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Pbts.Attestation.Tests;
using Pbts.Protocol.Attestation;

namespace Pbts.Tracker.Tests.Tee;

/// <summary>A service of the operator's that gives collateral in the form of Intel's PCS, for TDX machines of the test platform.</summary>
internal sealed class TestPccs : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestPccs(WebApplication app) => _app = app;

    /// <summary>What is served; null answers every request with 500.</summary>
    public Collateral? Served { get; set; }

    /// <summary>In place of the TCB info's answer; null for the answer itself.</summary>
    public string? Instead { get; set; }

    /// <summary>Paths and queries of the requests that came.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public string Url => _app.Urls.Single();

    public static async Task<TestPccs> StartAsync(Collateral served)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var pccs = new TestPccs(builder.Build()) { Served = served };
        pccs._app.Map("/{**path}", pccs.Answer);
        await pccs._app.StartAsync();
        return pccs;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private IResult Answer(HttpContext context)
    {
        Asked.Enqueue(context.Request.Path + context.Request.QueryString);
        if (Served is not { } served)
            return Results.StatusCode(500);
        IResult Signed(string name, string text, byte[] signature, string header, string chain)
        {
            context.Response.Headers[header] = Uri.EscapeDataString(chain);
            return Results.Text($"{{\"{name}\":{text},\"signature\":\"{Convert.ToHexStringLower(signature)}\"}}", "application/json");
        }

        return (string)context.Request.Path! switch
        {
            "/tdx/certification/v4/tcb" when context.Request.Query["fmspc"] == TestPlatform.Fmspc =>
                Instead is { } other ? Results.Text(other) : Signed("tcbInfo", served.TcbInfo, served.TcbInfoSignature, "TCB-Info-Issuer-Chain", served.TcbInfoChain),
            "/tdx/certification/v4/qe/identity" => Signed("enclaveIdentity", served.QeIdentity, served.QeIdentitySignature, "SGX-Enclave-Identity-Issuer-Chain", served.QeIdentityChain),
            "/sgx/certification/v4/pckcrl" when context.Request.Query["ca"] == "platform" => Results.Bytes(served.PckCrl),
            "/sgx/certification/v4/rootcacrl" => Results.Text(Convert.ToHexStringLower(served.RootCrl)),
            _ => Results.NotFound(),
        };
    }
}
