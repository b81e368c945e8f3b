using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json.Nodes;
using Pbts.Cli.Commands;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Proofs;
using Pbts.Protocol.Storage;

namespace Pbts.Cli.Proofs;

/// <summary>Checks a member's proof, against a root that is given or the contract that keeps it.</summary>
internal static class VerifyProofCommand
{
    public static Command Create(CommandContext context)
    {
        var file = new Argument<string>("FILE") { Description = "The proof, as GET /user/{id}/proof gives it." };
        var root = new Option<string?>("--root") { Description = "The root it has to rest on, 0x and 64 digits.", HelpName = "HASH" };
        var rpc = new Option<Uri?>("--rpc")
        {
            Description = "An Ethereum node, which is asked whether the contract has anchored the root, when, and whether it keeps it still.", HelpName = "URL",
            CustomParser = result => Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : Fail<Uri?>(result, "--rpc: must be an http or https URL"),
        };
        var contract = new Option<EthereumAddress?>("--contract")
        {
            Description = "The contract it has to rest on: that of the tracker one believes. Anybody can make one and anchor anything in it.", HelpName = "ADDRESS",
            CustomParser = result => EthereumAddress.TryParse(result.Tokens[0].Value, out var address) ? address : Fail<EthereumAddress?>(result, "--contract: must be 0x and 40 hexadecimal digits"),
        };
        var json = SharedOptions.Json();
        var command = new Command("verify-proof", "Check that a member has the totals its proof says; exit code 1 when it does not hold. Needs no tracker.") { file, root, contract, rpc, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var path = parsed.GetRequiredValue(file);
            var (proof, fault) = MemberProofJson.Read(BoundedFile.Read(path, MemberProofJson.MaxSize));
            fault ??= proof!.Verify();
            if (fault is null && parsed.GetValue(root) is { } expected && !string.Equals(expected, proof!.Root.HashText, StringComparison.OrdinalIgnoreCase))
                fault = new(ProofStep.Anchor, $"it rests on the root {proof.Root.HashText}, not on --root");
            if (fault is null && parsed.GetValue(contract) is { } believed && believed != proof!.Contract)
                fault = new(ProofStep.Anchor, $"it rests on the contract {proof.Contract}, not on --contract");
            AnchorFinding? anchor = null;
            if (fault is null && parsed.GetValue(rpc) is { } node)
            {
                using var client = new EthereumRpcClient(node);
                if (!(await AnchorCheck.RunAsync(client, proof!, cancellationToken).ConfigureAwait(false)).TryGet(out var finding, out var problem))
                    return context.Fail(ExitCodes.Unreachable, $"--rpc: {problem.Text}");
                (anchor, fault) = finding;
            }
            if (fault is not null)
            {
                context.Print(new JsonObject { ["valid"] = false, ["step"] = fault.Step.ToText(), ["error"] = fault.Message }, parsed.GetValue(json));
                return context.Fail(ExitCodes.Refused, $"{path}: {fault}");
            }
            context.Print(Describe(proof!, anchor, isRootGiven: parsed.GetValue(root) is not null), parsed.GetValue(json));
            return ExitCodes.Success;
        });
        return command;

        static T? Fail<T>(ArgumentResult result, string error)
        {
            result.AddError(error);
            return default;
        }
    }

    private static JsonObject Describe(MemberProof proof, AnchorFinding? anchor, bool isRootGiven) => new()
    {
        ["valid"] = true,
        ["user_id"] = proof.UserId,
        ["public_key"] = Convert.ToBase64String(proof.PublicKey.Span),
        ["up"] = proof.Up,
        ["down"] = proof.Down,
        ["root"] = proof.Root.HashText,
        ["members"] = proof.Members,
        ["sequence"] = proof.Sequence,
        ["contract"] = proof.Contract.ToString(),
        ["chain_id"] = proof.ChainId,
        ["rests_on"] = anchor is not null ? "the contract, which anchored this root"
            : isRootGiven ? "the root that was given" : "the root that the file names itself: nothing, until --root or --rpc says that it was anchored",
        ["anchored_at"] = anchor?.AnchoredAt.ToString("u", CultureInfo.InvariantCulture),
        ["age"] = anchor is null ? null : Age(DateTimeOffset.UtcNow - anchor.AnchoredAt),
        ["kept"] = anchor?.IsKept,
    };

    private static string Age(TimeSpan age) => age.TotalDays >= 2 ? $"{(int)age.TotalDays} days" : age.TotalHours >= 2 ? $"{(int)age.TotalHours} hours" : $"{Math.Max(0, (int)age.TotalMinutes)} minutes";
}
