using System.Diagnostics;
using System.Text;
using Pbts.Protocol.Proofs;

namespace Pbts.Protocol.Tests.Proofs;

/// <summary>The verifier in <c>tests/proofs</c>, which shares no code with the tracker, beside ours.</summary>
public sealed class OtherVerifierTests
{
    private const int Count = 1000;

    [Fact]
    public async Task Both_verifiers_reach_the_same_verdict_on_proofs_good_and_bad()
    {
        var random = new Random(80);
        var (lines, expected) = (new List<string>(), new List<string>());
        while (lines.Count < Count)
        {
            var members = random.Next(1, 300);
            foreach (var proof in MemberProofTests.Proofs(members, random.Next(2) == 0 ? "m" : "имя-").Where(_ => random.Next(members) < 10))
            {
                var made = random.Next(4) == 0 ? proof : Spoil(proof, random);
                lines.Add(Encoding.UTF8.GetString(MemberProofJson.Write(made)));
                expected.Add(made.Verify()?.Step.ToText() ?? "ok");
            }
        }

        Assert.InRange(expected.Count(verdict => verdict == "ok"), Count / 5, Count / 2);
        foreach (var step in (ProofStep[])[ProofStep.Path, ProofStep.Sums, ProofStep.Root, ProofStep.Totals])
            Assert.Contains(step.ToText(), expected);
        Assert.Equal(expected, await RunAsync(lines));
    }

    /// <summary>The same proof with one thing changed.</summary>
    private static MemberProof Spoil(MemberProof proof, Random random)
    {
        var step = random.Next(Math.Max(1, proof.Path.Count));
        return random.Next(12) switch
        {
            0 => proof with { Up = proof.Up + 1 },
            1 => proof with { Down = proof.Down ^ (1UL << random.Next(64)) },
            2 => proof with { UserId = proof.UserId + "x" },
            3 => proof with { Index = proof.Index ^ (1L << random.Next(10)) },
            4 => proof with { Members = proof.Members * 2 },
            5 => proof with { Salt = Flip(proof.Salt.ToArray(), random) },
            6 => proof with { Root = new(Flip(proof.Root.ToHash(), random), proof.Root.Up, proof.Root.Down) },
            7 => proof with { Root = new(proof.Root.ToHash(), proof.Root.Up + 1, proof.Root.Down) },
            8 => proof with { Path = [.. proof.Path.Select((one, i) => i == step ? one with { IsLeft = !one.IsLeft } : one)] },
            9 => proof with { Path = [.. proof.Path.Select((one, i) => i == step ? one with { Sibling = new(one.Sibling.ToHash(), one.Sibling.Up, one.Sibling.Down + 1) } : one)] },
            10 => proof with { Path = [.. proof.Path.Select((one, i) => i == step ? one with { Sibling = new(one.Sibling.ToHash(), ulong.MaxValue, one.Sibling.Down) } : one)] },
            _ => proof with { Path = [.. proof.Path.Skip(1)] },
        };
    }

    private static byte[] Flip(byte[] bytes, Random random)
    {
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return bytes;
    }

    internal static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Pbts.sln")))
            folder = folder.Parent!;
        return folder.FullName;
    }

    internal static async Task<string[]> RunAsync(IReadOnlyCollection<string> lines)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllLinesAsync(file, lines);
            var start = new ProcessStartInfo("node", [Path.Combine(Root(), "tests", "proofs", "verify-proof.mjs"), file]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync();
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(output.Length > 0, $"The other verifier ended without a verdict; ./pbts test installs what it needs.\n{await error}");
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
