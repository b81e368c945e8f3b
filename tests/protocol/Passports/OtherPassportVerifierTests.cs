using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Passports;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Tests.Passports;

/// <summary>A thousand passports, good and bad, before this program and the one in <c>tests/proofs</c>, which shares no code with it.</summary>
public sealed class OtherPassportVerifierTests
{
    private const long Now = PassportSamples.Now;

    [Fact]
    public async Task Both_verifiers_agree_on_a_thousand_passports_good_and_bad()
    {
        var random = new Random(20261130);
        var (here, elsewhere) = (PassportSamples.Instance("here").ToString(), PassportSamples.Instance("elsewhere").ToString());
        var (lines, expected) = (new StringBuilder(), new List<string>());
        var holders = Enumerable.Range(0, 8).Select(_ => BlsSecretKey.Generate()).ToArray();
        for (var i = 0; i < 1000; i++)
        {
            var (holder, issuer) = (holders[random.Next(holders.Length)], $"issuer {random.Next(5)}");
            var passport = PassportSamples.Make(random, (int[])[-1, 0, 1, 2, 7, 40] is var sizes ? sizes[random.Next(6)] : 0, issuer, holder);
            var (at, key, signer, now, to) = (random.Next(14), PassportSamples.Key(issuer), holder, Now, here);
            passport = at switch
            {
                6 => passport with { Down = passport.Down + 1 },
                7 => (passport with { Issuer = PassportSamples.Key("another").Address }).Sign(PassportSamples.Key("another")) with { Issuer = passport.Issuer },
                8 => (passport with { Issued = Now + 121 }).Sign(key),
                9 => (passport with { Expires = Now }).Sign(key),
                10 when passport.Proof is { } proof => (passport with { Proof = proof with { Down = proof.Down + 1 } }).Sign(key),
                11 when passport.Proof is { } proof => (passport with { Up = proof.Up + 1 }).Sign(key),
                _ => passport,
            };
            if (at == 12)
                signer = holders[(Array.IndexOf(holders, holder) + 1) % holders.Length];
            if (at == 13)
                to = elsewhere;
            var signature = PassportSamples.HolderSignature(to, passport, signer);
            var document = Encoding.UTF8.GetString(PassportJson.Write(passport));
            if (at < 2)
            {
                // Anywhere in the document, which stays one line of text.
                var place = random.Next(document.Length);
                document = $"{document[..place]}{"0123456789abcdefABCDEF\"{}[],:xyz"[random.Next(31)]}{document[(place + 1)..]}";
            }

            expected.Add(Verdict(document, here, now, signature));
            lines.Append($"{{\"passport\":{document},\"signature\":\"{Convert.ToBase64String(signature.Span)}\",\"here\":\"{here}\",\"now\":{now}}}\n");
        }

        var answers = await RunAsync(lines.ToString());
        Assert.Equal(expected.Count, answers.Length);
        for (var i = 0; i < expected.Count; i++)
            Assert.True(expected[i] == answers[i], $"{expected[i]} here, {answers[i]} there: {lines.ToString().Split('\n')[i]}");
        Assert.InRange(answers.Count(answer => answer == "ok"), 250, 800);
        Assert.Equal(["anchored-leaf", "expired", "format", "holder-signature", "issuer-signature", "not-yet-valid", "ok", "proof"], answers.Distinct().Order(StringComparer.Ordinal));
    }

    private static string Verdict(string document, string here, long now, ReceiptSignature signature)
    {
        var (passport, fault) = PassportJson.Read(Encoding.UTF8.GetBytes(document));
        fault ??= passport!.Verify(now);
        return fault is not null ? fault.Step.ToText() : PassportMessage.IsSigned(here, passport!, signature) ? "ok" : PassportStep.HolderSignature.ToText();
    }

    private static async Task<string[]> RunAsync(string lines)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, lines);
            var start = new ProcessStartInfo("node", [Path.Combine(Root(), "tests", "proofs", "verify-passport.mjs"), file]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync();
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, $"The other verifier broke off; ./pbts test installs what it needs.\n{await error}");
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}
