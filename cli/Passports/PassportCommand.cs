using System.CommandLine;
using System.Text.Json.Nodes;
using Pbts.Cli.Commands;
using Pbts.Peer;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Passports;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Storage;

namespace Pbts.Cli.Passports;

/// <summary>What a member carries from tracker to tracker.</summary>
internal static class PassportCommand
{
    public static Command Create(CommandContext context) =>
        new("passport", "What a tracker says of a member, signed, for other trackers.") { CreateGet(context), CreateShow(context), CreateVerify(context), CreateBring(context) };

    private static Command CreateGet(CommandContext context)
    {
        var user = new Argument<string>("USER") { Description = "The user id." };
        var key = new Option<string?>("--key", "-k") { Description = "The member's key file. Without it the passkey is taken from the announce URL or PBTS_PASSKEY.", HelpName = "KEYFILE" };
        var output = new Option<string>("--out", "-o") { Description = "File to write; one that is there is replaced.", HelpName = "FILE", Required = true };
        var noProof = new Option<bool>("--no-proof") { Description = "Without the contract's root: what was given since it was last anchored is said too." };
        var (tracker, json) = (SharedOptions.Tracker().Url(), SharedOptions.Json());
        var command = new Command("get", "Have a passport signed by the tracker.") { user, key, output, noProof, tracker, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var userId = parsed.GetRequiredValue(user);
            if (!UserId.TryParse(userId, out _))
                return context.Fail(ExitCodes.Usage, "USER: must be 1 to 64 visible characters without /");
            MemberIdentity? identity = null;
            if (parsed.GetValue(key) is { } keyFile && (identity = context.ReadKey(keyFile, out var exitCode)) is null)
                return exitCode;
            using (identity)
            {
                using var client = new TrackerClient(parsed.GetRequiredValue(tracker), SharedOptions.Passkey()) { SendsPasskey = identity is null };
                var body = new JsonObject { ["proof"] = !parsed.GetValue(noProof) };
                if (identity is not null && !await SignAsync(context, client, userId, identity, body, cancellationToken).ConfigureAwait(false))
                    return ExitCodes.Unreachable;
                var result = await client.PostAsync($"user/{Uri.EscapeDataString(userId)}/passport", body, cancellationToken).ConfigureAwait(false);
                if (!result.IsSuccess || result.Body is not { } document)
                    return context.Finish(result, parsed.GetValue(json));
                return Save(context, document.GetRawText(), parsed.GetRequiredValue(output), parsed.GetValue(json));
            }
        });
        return command;
    }

    private static async Task<bool> SignAsync(CommandContext context, TrackerClient client, string userId, MemberIdentity identity, JsonObject body, CancellationToken cancellationToken)
    {
        if (await client.FindInstanceAsync(cancellationToken).ConfigureAwait(false) is not { } instance)
        {
            context.Fail(ExitCodes.Unreachable, $"{client.Name} does not tell its instance id; is it running, and is --tracker right?");
            return false;
        }

        var time = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        body["time"] = time;
        body["signature"] = Convert.ToBase64String(identity.Sign(PassportRequestMessage.Build(instance.ToString(), userId, (ulong)time)).Span);
        return true;
    }

    private static int Save(CommandContext context, string document, string path, bool json)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(document);
        var (passport, fault) = PassportJson.Read(bytes);
        if (passport is null)
            return context.Fail(ExitCodes.Refused, $"the tracker's answer is no passport: {fault!.Message}");
        using (var file = PrivateFile.Open(path, FileMode.Create))
        {
            file.Write(bytes);
            file.Write("\n"u8);
        }

        var said = PassportFile.Describe(passport);
        said.Insert(0, "success", true);
        said.Insert(1, "file", path);
        context.Print(said, json);
        return ExitCodes.Success;
    }

    private static Command CreateShow(CommandContext context)
    {
        var (file, json) = (File(), SharedOptions.Json());
        var command = new Command("show", "Show what a passport says, whether it is true or not. Needs no tracker.") { file, json };
        command.SetAction(parsed =>
        {
            if (PassportFile.Read(context, parsed.GetRequiredValue(file), out var exitCode) is not { } passport)
                return exitCode;
            context.Print(PassportFile.Describe(passport), parsed.GetValue(json));
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command CreateVerify(CommandContext context)
    {
        var (file, json) = (File(), SharedOptions.Json());
        var issuer = new Option<string?>("--issuer") { Description = "Who must have signed it. Without it the check says who did.", HelpName = "ADDRESS" };
        issuer.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && !EthereumAddress.TryParse(text, out _))
                result.AddError($"--issuer: '{text}' is not an address");
        });
        var command = new Command("verify", "Check a passport: signature, time, proof; exit code 1 names what does not hold. Needs no tracker and no node.") { file, issuer, json };
        command.SetAction(parsed =>
        {
            if (PassportFile.Read(context, parsed.GetRequiredValue(file), out var exitCode) is not { } passport)
                return exitCode;
            var fault = EthereumAddress.TryParse(parsed.GetValue(issuer), out var expected) && expected != passport.Issuer
                ? new(PassportStep.Issuer, $"it is of {passport.Issuer}, not of {expected}") : passport.Verify(DateTimeOffset.UtcNow.ToUnixTimeSeconds());
            context.Print(PassportFile.Describe(passport, fault), parsed.GetValue(json));
            return fault is null ? ExitCodes.Success : ExitCodes.Refused;
        });
        return command;
    }

    private static Command CreateBring(CommandContext context)
    {
        var user = new Argument<string>("USER") { Description = "Your user id at the tracker it is brought to." };
        var files = new Argument<string[]>("FILE") { Description = "Passports of other trackers, up to 16.", Arity = new(1, 16) };
        var (key, tracker, json) = (SharedOptions.Key(), SharedOptions.Tracker().Url(), SharedOptions.Json());
        var command = new Command("bring", "Bring passports to a tracker where you are a member (PBTS_PASSKEY, or the announce URL). Exit code 1 when one was refused.") { user, files, key, tracker, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var userId = parsed.GetRequiredValue(user);
            if (!UserId.TryParse(userId, out _))
                return context.Fail(ExitCodes.Usage, "USER: must be 1 to 64 visible characters without /");
            using var identity = context.ReadKey(parsed.GetRequiredValue(key), out var exitCode);
            if (identity is null)
                return exitCode;
            using var client = new TrackerClient(parsed.GetRequiredValue(tracker), SharedOptions.Passkey()) { SendsPasskey = true };
            (var offers, exitCode) = await PassportFile.OfferAsync(context, parsed.GetRequiredValue(files), identity, client, cancellationToken).ConfigureAwait(false);
            if (offers is null)
                return exitCode;
            var result = await client.PostAsync($"user/{Uri.EscapeDataString(userId)}/imports", new JsonObject { ["passports"] = offers }, cancellationToken).ConfigureAwait(false);
            exitCode = context.Finish(result, parsed.GetValue(json));
            return exitCode == ExitCodes.Success && !PassportFile.AllTaken(result, "results") ? context.Fail(ExitCodes.Refused, "not all were taken, see above") : exitCode;
        });
        return command;
    }

    private static Argument<string> File() => new("FILE") { Description = "The passport." };
}
