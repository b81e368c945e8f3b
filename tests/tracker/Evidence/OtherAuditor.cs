using System.Diagnostics;
using System.Text.Json.Nodes;
using Pbts.Tracker.Tests.Chain;

namespace Pbts.Tracker.Tests.Evidence;

/// <summary>The auditor in <c>tests/audit</c>, which shares no code with the tracker.</summary>
internal static class OtherAuditor
{
    public static async Task<(int ExitCode, JsonObject Answer)> RunAsync(string path)
    {
        var program = Path.Combine(AnvilNode.SolidityFolder, "..", "tests", "audit", "audit.mjs");
        var start = new ProcessStartInfo("node", [program, path]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(output.Length > 0, $"The other auditor ended without a verdict; ./pbts test installs what it needs.\n{await error}");
        return (process.ExitCode, JsonNode.Parse(output)!.AsObject());
    }
}
