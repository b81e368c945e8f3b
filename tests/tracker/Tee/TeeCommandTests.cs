using System.Text.Json.Nodes;
using Pbts.Attestation.Tests;
using Pbts.Cli;
using Pbts.Cli.Commands;
using Pbts.Protocol.Attestation;

namespace Pbts.Tracker.Tests.Tee;

/// <summary><c>pbts tee verify</c>, which needs no tracker.</summary>
public sealed class TeeCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-tee").FullName;
    private readonly TestPlatform _platform = new();

    public void Dispose()
    {
        _platform.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task The_public_sample_verifies_in_hex_and_in_bytes()
    {
        var quotes = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "vectors", "tdx_quotes.json")))!["quotes"]!.AsArray();
        var hex = (string)quotes.Single(quote => (string)quote!["name"]! == "complete")!["hex"]!;
        foreach (var file in new[] { Write("quote.hex", hex + "\n"), Write("quote.bin", Convert.FromHexString(hex)) })
        {
            var (code, output) = await RunAsync("tee", "verify", file, "--accept", "Unknown", "--at", "1767225600", "--measurement", $"mrtd={hex.Substring(368, 96)}");
            Assert.True(code == ExitCodes.Success, output);
            Assert.EndsWith("valid\n", output, StringComparison.Ordinal);
            (code, output) = await RunAsync("tee", "verify", file, "--at", "1767225600", "--json");
            Assert.Equal(ExitCodes.Refused, code);
            Assert.Equal((false, "Unknown"), ((bool)JsonNode.Parse(output)!["is_valid"]!, (string)JsonNode.Parse(output)!["tcb_status"]!));
        }
    }

    [Fact]
    public async Task An_attestation_is_verified_with_its_payload_and_collateral()
    {
        var claims = new AttestationClaims
        {
            PublicKey = new byte[48], InstanceId = new byte[32], Nonce = new byte[32], Time = DateTimeOffset.UtcNow.ToUnixTimeSeconds(), Payload = "hello"u8.ToArray(),
        };
        var document = new AttestationDocument(claims, _platform.TdxQuote(claims.ReportData())).ToBytes();
        var root = Write("root.pem", _platform.Root.ExportCertificatePem());
        var collateral = Write("collateral.json", TestPlatform.ToJson(_platform.Collateral()));
        foreach (var file in new[]
        {
            Write("a.bin", document), Write("a.hex", "0x" + Convert.ToHexStringLower(document)), Write("a.txt", Convert.ToBase64String(document)), Write("a.json", new JsonObject { ["attestation"] = Convert.ToBase64String(document) }.ToJsonString()),
        })
        {
            var (code, output) = await RunAsync("tee", "verify", file, "--root", root, "--collateral", collateral, "--payload", "hello", "--json");
            Assert.True(code == ExitCodes.Success, output);
            Assert.Equal(("UpToDate", "hello"), ((string)JsonNode.Parse(output)!["tcb_status"]!, (string)JsonNode.Parse(output)!["payload"]!));
            Assert.Equal(ExitCodes.Refused, (await RunAsync("tee", "verify", file, "--root", root, "--collateral", collateral, "--payload", "other")).ExitCode);
            Assert.Equal(ExitCodes.Success, (await RunAsync("tee", "verify", file, "--root", root, "--collateral", collateral, "--nonce", new string('0', 64))).ExitCode);
            Assert.Contains("FAILED freshness", (await RunAsync("tee", "verify", file, "--root", root, "--collateral", collateral, "--nonce", new string('1', 64))).Output, StringComparison.Ordinal);
            // Intel has not signed this.
            Assert.Contains("FAILED certificates", (await RunAsync("tee", "verify", file, "--collateral", collateral)).Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_cannot_be_used_is_named()
    {
        var junk = Write("junk", "no quote");
        Assert.Equal(ExitCodes.File, (await RunAsync("tee", "verify", junk)).ExitCode);
        Assert.Equal(ExitCodes.File, (await RunAsync("tee", "verify", Path.Combine(_folder, "missing"))).ExitCode);
        Assert.Equal(ExitCodes.File, (await RunAsync("tee", "verify", junk, "--collateral", junk)).ExitCode);
        Assert.Equal(ExitCodes.File, (await RunAsync("tee", "verify", junk, "--root", junk)).ExitCode);
        Assert.Equal(ExitCodes.Usage, (await RunAsync("tee", "verify", junk, "--accept", "Fine")).ExitCode);
        Assert.Equal(ExitCodes.Usage, (await RunAsync("tee", "verify", junk, "--measurement", "mrtd=12")).ExitCode);
        Assert.Equal(ExitCodes.Usage, (await RunAsync("tee", "verify", junk, "--nonce", "12")).ExitCode);
        Assert.Equal(ExitCodes.Usage, (await RunAsync("tee", "verify", Write("q.bin", _platform.TdxQuote(new byte[64])), "--payload", "x")).ExitCode);
    }

    private string Write(string name, string text) => Write(name, System.Text.Encoding.ASCII.GetBytes(text));

    private string Write(string name, byte[] bytes)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await PbtsCommand.RunAsync(args, output, error);
        return (code, output.ToString() + error);
    }
}
