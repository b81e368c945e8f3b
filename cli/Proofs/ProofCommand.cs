using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using Pbts.Cli.Commands;
using Pbts.Protocol.Proofs;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Storage;

namespace Pbts.Cli.Proofs;

/// <summary>Fetches a member's proof against the newest root on the chain.</summary>
internal static class ProofCommand
{
    public static Command Create(CommandContext context)
    {
        var user = new Argument<string>("USER") { Description = "The user id." };
        var output = new Option<string>("--out", "-o") { Description = "File to write; one that is there is replaced.", HelpName = "FILE", Required = true };
        var (tracker, json) = (SharedOptions.Tracker().Url(), SharedOptions.Json());
        var command = new Command("proof", "Fetch the proof of a member's totals against the newest root on the chain, by the passkey in PBTS_TRACKER or PBTS_PASSKEY. pbts verify-proof checks it.")
        {
            user, output, tracker, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var userId = parsed.GetRequiredValue(user);
            if (!UserId.TryParse(userId, out _))
                return context.Fail(ExitCodes.Usage, "USER: must be 1 to 64 visible characters without /");
            using var client = context.MemberOrAdministrator(parsed.GetRequiredValue(tracker), out var exitCode);
            if (client is null)
                return exitCode;
            var result = await client.GetAsync($"user/{Uri.EscapeDataString(userId)}/proof", cancellationToken).ConfigureAwait(false);
            if (!result.IsSuccess)
                return context.Finish(result, parsed.GetValue(json));
            var document = Encoding.UTF8.GetBytes(result.Body?.GetRawText() ?? "");
            var (proof, fault) = MemberProofJson.Read(document);
            if ((fault ?? proof!.Verify()) is { } wrong)
                return context.Fail(ExitCodes.Refused, $"the tracker's proof does not hold: {wrong}");
            if (proof!.UserId != userId)
                return context.Fail(ExitCodes.Refused, $"the tracker's proof is of {proof.UserId}");
            var path = parsed.GetRequiredValue(output);
            using (var file = PrivateFile.Open(path, FileMode.Create))
                file.Write([.. document, (byte)'\n']);
            context.Print(new JsonObject
            {
                ["success"] = true, ["file"] = path, ["user_id"] = userId, ["up"] = proof.Up, ["down"] = proof.Down, ["root"] = proof.Root.HashText, ["sequence"] = proof.Sequence,
                ["contract"] = proof.Contract.ToString(),
            }, parsed.GetValue(json));
            return ExitCodes.Success;
        });
        return command;
    }
}
