using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pbts.Peer;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Storage;

namespace Pbts.Cli.Commands;

/// <summary>The trusted machine of a tracker, and the verification of its attestations.</summary>
internal static class TeeCommand
{
    public static Command Create(CommandContext context) => new("tee", "Trusted hardware: a tracker's status, and verifying attestations without any tracker.")
    {
        Status(context), Verify(context),
    };

    private static Command Status(CommandContext context)
    {
        var (tracker, json) = (SharedOptions.Tracker().Url(), SharedOptions.Json());
        var command = new Command("status", "Show the tracker's trusted machine.") { tracker, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = new TrackerClient(parsed.GetRequiredValue(tracker));
            return context.Finish(await client.GetAsync("tee/status", cancellationToken).ConfigureAwait(false), parsed.GetValue(json));
        });
        return command;
    }

    private static Command Verify(CommandContext context)
    {
        var file = new Argument<string>("FILE") { Description = "An answer of /generate-attestation (JSON), an attestation (base64, hex or bytes), or a quote (hex or bytes)." };
        var collateral = new Option<string>("--collateral") { Description = "Intel's collateral for the platform (JSON).", HelpName = "FILE" };
        var accept = new Option<string>("--accept") { Description = "Platform statuses to accept, separated by commas; Unknown does without collateral.", HelpName = "STATUS", DefaultValueFactory = _ => "UpToDate" };
        var measure = new Option<string[]>("--measurement") { Description = "A measurement that is asked for, such as mrtd=HEX. May be repeated.", HelpName = "NAME=HEX" };
        var payload = new Option<string>("--payload") { Description = "The payload that is expected.", HelpName = "TEXT" };
        var nonce = new Option<string>("--nonce") { Description = "The challenge it must answer, 32 bytes.", HelpName = "HEX" };
        var age = new Option<int>("--max-age") { Description = "How old the attestation may be.", HelpName = "SECONDS", DefaultValueFactory = _ => 86_400 };
        var at = new Option<long?>("--at") { Description = "The time at which everything must be in force, in seconds since 1970; now by default.", HelpName = "TIME" };
        var root = new Option<string>("--root") { Description = "A root certificate (PEM) to trust in place of Intel's; for simulators.", HelpName = "FILE" };
        var json = SharedOptions.Json();
        var command = new Command("verify", "Verify an attestation or a quote; exit code 1 when it does not hold. Needs no tracker and no network.")
        {
            file, collateral, accept, measure, payload, nonce, age, at, root, json,
        };
        command.SetAction(parsed =>
        {
            if (!TryPolicy(parsed.GetRequiredValue(accept), parsed.GetValue(measure) ?? [], out var policy, out var error))
                return context.Fail(ExitCodes.Usage, error);
            if (parsed.GetValue(nonce) is { } challenge && !(challenge.Length == 2 * AttestationClaims.NonceSize && challenge.All(char.IsAsciiHexDigit)))
                return context.Fail(ExitCodes.Usage, "--nonce must be 64 hexadecimal digits");
            if (parsed.GetValue(at) is < -62_135_596_800 or > 253_402_300_799)
                return context.Fail(ExitCodes.Usage, "--at: no such time");
            if (parsed.GetValue(root) is { } rootFile)
            {
                if (TryCertificate(rootFile) is not { } certificate)
                    return context.Fail(ExitCodes.File, $"{rootFile} is not a certificate in PEM");
                policy = policy with { Root = certificate };
            }

            Collateral? known = null;
            if (parsed.GetValue(collateral) is { } collateralFile && (new FileInfo(collateralFile).Length > Collateral.MaxSize || !Collateral.TryParse(File.ReadAllText(collateralFile), out known)))
                return context.Fail(ExitCodes.File, $"{collateralFile} is not collateral as DCAP tools write it");
            var path = parsed.GetRequiredValue(file);
            if (new FileInfo(path).Length > 1 << 20 || Read(BoundedFile.Read(path, 1 << 20)) is not var (document, quote))
                return context.Fail(ExitCodes.File, $"{path} is neither an attestation nor a quote");
            var now = parsed.GetValue(at) is { } time ? DateTimeOffset.FromUnixTimeSeconds(time) : DateTimeOffset.UtcNow;
            var expected = new AttestationExpectation
            {
                Payload = parsed.GetValue(payload) is { } text ? Encoding.UTF8.GetBytes(text) : null, MaxAge = TimeSpan.FromSeconds(parsed.GetValue(age)),
                Nonce = parsed.GetValue(nonce) is { } hex ? Convert.FromHexString(hex) : null,
            };
            if (document is null && (expected.Payload ?? expected.Nonce) is not null)
                return context.Fail(ExitCodes.Usage, "--payload and --nonce: a bare quote does not say what it is over; give the attestation");
            var verdict = document?.Verify(policy, known, expected, now) ?? QuoteVerifier.Verify(quote, policy, known, now);
            Print(context, verdict, document, parsed.GetValue(json));
            return verdict.IsValid ? ExitCodes.Success : ExitCodes.Refused;
        });
        return command;
    }

    private static bool TryPolicy(string accept, string[] measurements, out QuotePolicy policy, out string error)
    {
        policy = new QuotePolicy();
        var statuses = new HashSet<TcbStatus>();
        foreach (var name in accept.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (char.IsAsciiDigit(name[0]) || !Enum.TryParse<TcbStatus>(name, ignoreCase: true, out var status) || !Enum.IsDefined(status))
            {
                error = $"--accept: '{name}' is none of {string.Join(", ", Enum.GetNames<TcbStatus>())}";
                return false;
            }

            statuses.Add(status);
        }

        var wanted = new Dictionary<string, IReadOnlyList<byte[]>>();
        foreach (var pair in measurements)
        {
            var (name, value) = pair.Split('=', 2) is [var left, var right] ? (left.ToLowerInvariant(), right) : (pair, "");
            if (!QuotePolicy.MeasurementNames.Contains(name) || value.Length is not (64 or 96) || !value.All(char.IsAsciiHexDigit))
            {
                error = $"--measurement: '{pair}' is not NAME=HEX with NAME one of {string.Join(", ", QuotePolicy.MeasurementNames)}";
                return false;
            }

            wanted[name] = [.. wanted.GetValueOrDefault(name, []), Convert.FromHexString(value)];
        }

        policy = policy with { AcceptedTcb = statuses, Measurements = wanted };
        error = "";
        return true;
    }

    /// <summary>Whatever form it comes in; null when it is neither.</summary>
    private static (AttestationDocument? Document, byte[] Quote)? Read(byte[] content)
    {
        if (AttestationDocument.TryParse(content, out var document))
            return (document, []);
        if (content.AsSpan().IndexOfAnyExceptInRange((byte)9, (byte)126) >= 0)
            return (null, content);
        var text = Encoding.ASCII.GetString(content).Trim();
        if (text.StartsWith('{'))
        {
            try
            {
                text = (string?)JsonNode.Parse(text)?["attestation"] ?? "";
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                return null;
            }
        }

        var bytes = new byte[text.Length];
        var hex = text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text;
        if (hex.Length > 0 && Convert.FromHexString(hex, bytes, out _, out var length) == System.Buffers.OperationStatus.Done)
            return AttestationDocument.TryParse(bytes.AsSpan(0, length), out document) ? (document, []) : (null, bytes[..length]);
        return Convert.TryFromBase64String(text, bytes, out length) && AttestationDocument.TryParse(bytes.AsSpan(0, length), out document) ? (document, []) : null;
    }

    private static X509Certificate2? TryCertificate(string path)
    {
        try
        {
            return X509Certificate2.CreateFromPem(File.ReadAllText(path));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static void Print(CommandContext context, QuoteVerdict verdict, AttestationDocument? document, bool json)
    {
        if (!json)
        {
            foreach (var step in verdict.Steps)
                context.Output.WriteLine(TerminalText.Escape($"{step.Result switch { StepResult.Passed => "ok    ", StepResult.Failed => "FAILED", _ => "-     " }} {step.Name,-20} {step.Detail}"));
            context.Output.WriteLine(verdict.IsValid ? "valid" : "not valid");
            return;
        }

        var result = new JsonObject
        {
            ["is_valid"] = verdict.IsValid, ["tcb_status"] = verdict.Tcb.ToString(),
            ["advisories"] = new JsonArray([.. verdict.Advisories.Select(advisory => JsonValue.Create(advisory))]),
            ["steps"] = new JsonArray([.. verdict.Steps.Select(step => new JsonObject
            {
                ["step"] = step.Name, ["ok"] = step.Result == StepResult.Skipped ? null : step.Result == StepResult.Passed, ["detail"] = step.Detail,
            })]),
        };
        if (verdict.Quote is { } quote)
        {
            foreach (var name in QuotePolicy.MeasurementNames.Where(name => quote.Measurement(name) is not null))
                result[name] = Convert.ToHexStringLower(quote.Measurement(name)!);
            result["report_data"] = Convert.ToHexStringLower(quote.ReportData);
        }

        if (document?.Claims is { } claims)
        {
            result["payload"] = Encoding.UTF8.GetString(claims.Payload);
            result["public_key"] = Convert.ToBase64String(claims.PublicKey);
            result["ethereum_address"] = "0x" + Convert.ToHexStringLower(claims.EthereumAddress);
            result["instance_id"] = Convert.ToHexStringLower(claims.InstanceId);
            result["nonce"] = Convert.ToHexStringLower(claims.Nonce);
            result["time"] = claims.Time;
        }

        context.Print(result, json: true);
    }
}
