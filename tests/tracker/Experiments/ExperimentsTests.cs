using System.Diagnostics;
using Pbts.Experiments;
using Pbts.Experiments.Output;
using Pbts.Tracker.Tests.Chain;

namespace Pbts.Tracker.Tests.Experiments;

/// <summary>The command and what it writes.</summary>
public sealed class ExperimentsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pbts-experiments");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Every_output_says_the_same_also_of_what_was_skipped_or_failed()
    {
        var settings = new Settings { Iterations = 30, Duration = 1, Output = _folder.FullName };
        double[] samples = [.. Enumerable.Range(1, 30).Select(i => i * 1.25)];
        await ResultFiles.WriteAsync(new(DateTimeOffset.UtcNow, 100, settings, Machine.Read(null),
        [
            new() { Part = "latency", Name = "key generation", Samples = samples },
            new() { Part = "latency", Name = "quotes, \"odd\" names & 50 % of $_{x}^~\\ <b>", Samples = [1, 2], Note = "a note" },
            new() { Part = "latency", Name = "attestation generation", Outcome = Outcome.Skipped, Reason = "no TEE: the socket <x> is not there" },
            new() { Part = "receipts", Name = "one by one", Size = 10, SizeUnit = "receipts", Samples = samples },
            new() { Part = "receipts", Name = "one by one", Size = 500, SizeUnit = "receipts", Samples = [4] },
            new() { Part = "gas", Name = "addUser", Unit = "gas", Value = 98_784 },
            new() { Part = "scalability", Name = "report", Size = 10, SizeUnit = "reporters", Outcome = Outcome.Failed, Reason = "of 10 receipts 9 were accepted" },
        ]));
        var written = new ResultFolder(_folder.FullName);
        await written.CheckAsync("latency", "receipts", "gas");
        Assert.Single(written.Findings("failed"));
    }

    [Theory]
    [InlineData("--iterations", "0")]
    [InlineData("--iterations", "many")]
    [InlineData("--duration", "-1")]
    [InlineData("--only", "latency,nonsense")]
    [InlineData("--tracker-url", "ftp://x")]
    [InlineData("--no-such-option", "1")]
    public async Task A_wrong_option_is_named_and_nothing_is_measured(string option, string value)
    {
        using var errors = new StringWriter();
        Assert.NotEqual(0, await ExperimentsCommand.RunAsync([option, value, "--output", _folder.FullName], TextWriter.Null, errors));
        Assert.Contains(option == "--only" ? "nonsense" : option, errors.ToString(), StringComparison.Ordinal);
        Assert.Empty(_folder.GetFiles());
    }

    [Fact]
    public async Task Help_names_every_experiment_and_option()
    {
        using var output = new StringWriter();
        Assert.Equal(0, await ExperimentsCommand.RunAsync(["--help"], output, TextWriter.Null));
        Assert.All(["latency", "throughput", "receipts", "download", "overhead", "scalability", "gas", "--iterations", "--duration", "--output", "--only", "--quick"],
            word => Assert.Contains(word, output.ToString(), StringComparison.Ordinal));
    }

    /// <summary>The whole run fits a coffee break, and says so before it begins.</summary>
    [Theory]
    [InlineData(5, 20)]
    [InlineData(0, 2, "--quick")]
    [InlineData(1, 6, "--only", "throughput")]
    public async Task How_long_it_takes_is_told_before_it_begins(int least, int most, params string[] options)
    {
        using var output = new StringWriter();
        Assert.Equal(0, await ExperimentsCommand.RunAsync([.. options, "--check"], output, TextWriter.Null));
        var match = System.Text.RegularExpressions.Regex.Match(output.ToString(), "^This takes about ([0-9]+) (s|min)");
        Assert.InRange(int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) / (match.Groups[2].Value == "s" ? 60.0 : 1), least, most);
    }

    /// <summary>9.K8: the command line of the README, with all that it promises, from the script down to the chain.</summary>
    [Fact]
    [Trait("suite", "slow")]
    public async Task K8_the_quick_run_measures_everything_that_needs_no_TEE()
    {
        var root = Path.GetDirectoryName(AnvilNode.SolidityFolder)!;
        var start = new ProcessStartInfo(Path.Combine(root, "pbts"), ["experiments", "--quick", "--output", _folder.FullName])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = root,
        };
        foreach (var name in new[] { "TEE_MODE", "DSTACK_SIMULATOR_ENDPOINT" })
            start.Environment.Remove(name);
        using var command = Process.Start(start)!;
        var (output, errors) = (command.StandardOutput.ReadToEndAsync(), command.StandardError.ReadToEndAsync());
        await command.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(10));
        Assert.True(command.ExitCode == 0, await output + await errors);

        var written = new ResultFolder(_folder.FullName);
        await written.CheckAsync("latency", "throughput", "receipts", "download", "overhead", "scalability", "swarms", "gas");
        Assert.Equal(["latency", "throughput", "receipts", "download", "overhead", "scalability", "gas"], written.Measured);
        Assert.Empty(written.Findings("failed"));
        Assert.Matches("\\[ *[0-9]+ %, about .* left\\]", await output);
        double Value(string measurement, double size) => written.Findings("measured")
            .Single(f => f.GetProperty("measurement").GetString() == measurement && f.GetProperty("size").GetDouble() == size).GetProperty("value").GetDouble();
        foreach (var reporters in new[] { 10, 50 })
        {
            Assert.Equal((100, reporters), (Value("receipts accepted", reporters), Value("reports under way at once", reporters)));
            Assert.Equal((100, reporters), (Value("vouchers accepted", reporters), Value("reports of vouchers under way at once", reporters)));
        }
        if (!File.Exists("/var/run/dstack.sock"))
        {
            var skipped = written.Findings("skipped").Select(f => f.GetProperty("measurement").GetString()!).ToArray();
            Assert.Equal(["attestation", "attestation generation", "attestation verification, own quote", "key generation, TEE-derived", "key generation, TEE-derived", "real transfers", "registration with an attestation, end to end"], skipped.Order(StringComparer.Ordinal));
        }
    }
}
