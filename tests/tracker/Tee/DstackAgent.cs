using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Pbts.Attestation.Tests;

namespace Pbts.Tracker.Tests.Tee;

/// <summary>
/// Stands in for the dstack guest agent: the same calls and answers over a Unix socket, keys derived from one secret of
/// the application, quotes signed by a made-up platform. No such machine was at hand.
/// </summary>
internal sealed class DstackAgent : IAsyncDisposable
{
    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"dstack-{Guid.NewGuid():N}"[..15]);
    private WebApplication? _app;

    private DstackAgent()
    {
        Directory.CreateDirectory(_folder);
        File.WriteAllText(RootFile, Platform.Root.ExportCertificatePem());
        WriteCollateral(new());
    }

    public TestPlatform Platform { get; } = new();

    public string Socket => Path.Combine(_folder, "dstack.sock");

    public string RootFile => Path.Combine(_folder, "root.pem");

    public string CollateralFile => Path.Combine(_folder, "collateral.json");

    /// <summary>What a tracker needs to use it, apart from the mode.</summary>
    public (string Name, string Value)[] Environment =>
        [("DSTACK_SIMULATOR_ENDPOINT", Socket), ("Tee__RootCertificate", RootFile), ("Tee__CollateralPath", CollateralFile), ("Tee__TimeoutSeconds", "3")];

    /// <summary>The calls that came: method and body.</summary>
    public ConcurrentQueue<(string Method, JsonObject Body)> Calls { get; } = new();

    /// <summary>Answers in place of the agent's own; null for the agent's own.</summary>
    public Func<string, IResult?> Instead { get; set; } = _ => null;

    /// <summary>Whether quotes are of a debuggable machine.</summary>
    public bool Debug { get; set; }

    public static async Task<DstackAgent> StartAsync()
    {
        var agent = new DstackAgent();
        await agent.ListenAsync();
        return agent;
    }

    public void WriteCollateral(TestCollateral options) => File.WriteAllText(CollateralFile, TestPlatform.ToJson(Platform.Collateral(options)));

    /// <summary>What the agent gives for a path.</summary>
    public byte[] Secret(string path) => HKDF.DeriveKey(HashAlgorithmName.SHA256, _secret, 32, info: Encoding.UTF8.GetBytes(path));

    /// <summary>Listens again after <see cref="StopAsync"/>, with the same secret.</summary>
    public async Task ListenAsync()
    {
        File.Delete(Socket);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(Socket));
        _app = builder.Build();
        _app.MapMethods("/{method}", ["GET", "POST"], AnswerAsync);
        await _app.StartAsync();
    }

    public async Task StopAsync()
    {
        if (_app is not null)
            await _app.DisposeAsync();
        _app = null;
        File.Delete(Socket);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Platform.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<IResult> AnswerAsync(string method, HttpRequest request)
    {
        var text = await new StreamReader(request.Body).ReadToEndAsync();
        var body = text.Length > 0 ? JsonNode.Parse(text)!.AsObject() : new JsonObject([.. request.Query.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)(string?)pair.Value))]);
        Calls.Enqueue((method, body));
        if (Instead(method) is { } other)
            return other;
        try
        {
            return method switch
            {
                "GetKey" => Json(new() { ["key"] = Convert.ToHexStringLower(Secret((string?)body["path"] ?? "")), ["signature_chain"] = new JsonArray(new string('a', 130), new string('b', 130)) }),
                "GetQuote" => GetQuote((string?)body["report_data"] ?? ""),
                "Info" => Json(new()
                {
                    ["app_id"] = new string('1', 40), ["instance_id"] = new string('2', 40), ["app_cert"] = "", ["tcb_info"] = "{}", ["app_name"] = "tracker",
                    ["device_id"] = new string('3', 64), ["mr_aggregated"] = "", ["os_image_hash"] = "", ["key_provider_info"] = "{}", ["compose_hash"] = new string('4', 64), ["vm_config"] = "{}",
                }),
                _ => Error("Service not found"),
            };
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
            return Error("bad arguments");
        }
    }

    private IResult GetQuote(string reportData)
    {
        var data = Convert.FromHexString(reportData);
        if (data.Length is 0 or > 64)
            return Error("Report data should not be longer than 64 bytes");
        Array.Resize(ref data, 64);
        // The driver's buffer has zeros behind the quote.
        byte[] quote = [.. Platform.TdxQuote(data, debug: Debug), .. new byte[70]];
        return Json(new() { ["quote"] = Convert.ToHexStringLower(quote), ["event_log"] = "[]", ["report_data"] = Convert.ToHexStringLower(data), ["vm_config"] = "{}" });
    }

    private static IResult Json(JsonObject answer) => Results.Text(answer.ToJsonString(), "application/json");

    private static IResult Error(string error) => Results.Text(new JsonObject { ["error"] = error }.ToJsonString(), "application/json", statusCode: 400);
}
