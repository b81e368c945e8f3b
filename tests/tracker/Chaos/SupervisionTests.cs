using System.Diagnostics;
using System.Text.Json.Nodes;
using Pbts.Local.Processes;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chaos;

/// <summary>What <c>./pbts up</c> does with a process that ends.</summary>
[Trait("suite", "slow")]
public sealed class SupervisionTests : IDisposable
{
    private readonly string _data = Path.Combine(Path.GetTempPath(), $"pbts-up-{Guid.NewGuid():N}"[..18]);

    private static string Root { get; } = FindRoot();

    [Fact]
    public async Task What_ends_is_started_again_on_the_same_data_and_nothing_is_left_after_down()
    {
        try
        {
            var port = Ports.Free();
            await RunAsync("up", "--silos", "2", "--no-chain", "--detach", "--port", $"{port}");
            using var tracker = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            var member = await Member.RegisteredAsync(tracker, "member");
            foreach (var name in (string[])["silo-2", "proxy", "postgres"])
            {
                var before = await ProcessAsync(name);
                Assert.Equal("ready", (string?)before["state"]);
                using (var victim = Process.GetProcessById((int)before["pid"]!))
                    victim.Send(Signal.Kill);
                for (var waited = Stopwatch.StartNew(); ; await Task.Delay(1000))
                {
                    var now = await ProcessAsync(name);
                    if ((string?)now["state"] == "ready" && (int?)now["pid"] is { } pid && pid != (int)before["pid"]!)
                        break;
                    Assert.True(waited.Elapsed < TimeSpan.FromMinutes(2), $"It was not started again: {now.ToJsonString()}");
                }
            }

            Assert.Equal((0, 0), await member.TotalsAsync(tracker));
            Assert.StartsWith($"Host={_data}", (string?)JsonNode.Parse(await RunAsync("status", "--json"))!["database"], StringComparison.Ordinal);
        }
        finally
        {
            await RunAsync("down");
        }

        Assert.Empty(Directory.GetFiles(Path.Combine(_data, "run"), "*", new EnumerationOptions { AttributesToSkip = FileAttributes.None }));
        Assert.DoesNotContain(Process.GetProcesses(), process => CommandLine(process).Contains(_data, StringComparison.Ordinal));
    }

    public void Dispose() => Directory.Delete(_data, recursive: true);

    private async Task<JsonNode> ProcessAsync(string name) =>
        JsonNode.Parse(await RunAsync("status", "--json"))!["processes"]!.AsArray().Single(process => (string?)process!["name"] == name)!;

    private async Task<string> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Root, "pbts"), [.. arguments, "--data", _data]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"./pbts {string.Join(' ', arguments)}: {output}{await errors}");
        return output;
    }

    private static string CommandLine(Process process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process.Id}/cmdline");
        }
        catch (IOException)
        {
            return ""; // It has ended.
        }
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "pbts")) && File.Exists(Path.Combine(folder.FullName, "Pbts.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException("The tests are not inside a clone of the repository.");
    }
}
