using System.Diagnostics;
using System.Security.Cryptography;
using Pbts.Protocol.Bls.Curve;
using Pbts.Protocol.Tests.Proofs;
using Xunit.Abstractions;

namespace Pbts.Protocol.Tests.Bls;

/// <summary>Our verdicts and points beside those of blst, and of noble for every sixteenth case, which share no code with us, on random and structured cases.</summary>
public sealed class OtherCurvesTests(ITestOutputHelper output)
{
    private const int PerRun = 2500, FixedSeed = 381;

    [Fact]
    public Task Other_programs_agree_on_5000_cases() => AgreeAsync(5000);

    /// <summary>Fewer where the tests run a second time without AVX-512.</summary>
    [Fact]
    [Trait("suite", "slow")]
    public Task Other_programs_agree_on_100000_cases() => AgreeAsync(FpLanes.IsSupported ? 100_000 : 10_000);

    /// <summary>Every other run of cases is the same each time, and the rest come from a seed that is printed.</summary>
    private Task AgreeAsync(int count)
    {
        int fresh = RandomNumberGenerator.GetInt32(int.MaxValue / 2);
        output.WriteLine($"{count} cases in runs of {PerRun}, with seeds from {FixedSeed} and from {fresh} on.");
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount };
        return Parallel.ForEachAsync(Enumerable.Range(0, count / PerRun), options, async (run, _) => await AgreeAsync((run % 2 == 0 ? FixedSeed : fresh) + run, PerRun));
    }

    private static async Task AgreeAsync(int seed, int count)
    {
        var cases = new BlsCases(seed);
        var (lines, expected) = (new List<string>(), new List<string>());
        while (lines.Count < count)
        {
            var (line, verdict) = cases.Next();
            lines.Add(line);
            expected.Add(verdict);
        }

        // Neither kind of verdict may become rare, or agreement would say little.
        Assert.InRange(expected.Count(verdict => verdict == "true"), count / 20, count / 2);
        Assert.InRange(expected.Count(verdict => verdict == "false"), count / 20, count / 2);
        Assert.InRange(expected.Count(verdict => verdict == "bad"), count / 20, count / 2);
        var actual = await RunAsync(lines);
        Assert.Equal(lines.Count, actual.Length);
        for (int i = 0; i < actual.Length; i++)
            Assert.True(expected[i] == actual[i], $"Case {i} of seed {seed}: {lines[i]}\nours:   {expected[i]}\nothers: {actual[i]}");
    }

    private static async Task<string[]> RunAsync(IEnumerable<string> lines)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllLinesAsync(file, lines);
            var start = new ProcessStartInfo("node", [Path.Combine(OtherVerifierTests.Root(), "tests", "proofs", "bls-cases.mjs"), file]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync();
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(output.Length > 0, $"The other programs ended without a verdict; ./pbts test installs what they need.\n{await error}");
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
