using System.Diagnostics;
using Pbts.Protocol.Tests.Proofs;

namespace Pbts.Protocol.Tests.Bls;

/// <summary>Our verdicts and points beside those of blst and noble, which share no code with us, on random and structured cases.</summary>
public sealed class OtherCurvesTests
{
    private const int PerRun = 5000;

    [Fact]
    public Task Other_programs_agree_on_5000_cases() => AgreeAsync(seed: 381, count: PerRun);

    /// <summary>Runs of other cases; with AVX-512 and without it.</summary>
    [Theory]
    [Trait("suite", "slow")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public Task Other_programs_agree_on_other_cases(int seed) => AgreeAsync(seed: 1000 + seed, count: PerRun);

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
            Assert.True(expected[i] == actual[i], $"{lines[i]}\nours:   {expected[i]}\nothers: {actual[i]}");
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
