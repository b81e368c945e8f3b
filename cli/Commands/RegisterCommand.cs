using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pbts.Peer;
using Pbts.Protocol.Receipts;

namespace Pbts.Cli.Commands;

internal static class RegisterCommand
{
    public static Command Create(CommandContext context)
    {
        var user = new Argument<string>("USER") { Description = "The user id to register: 1 to 64 visible characters without /." };
        var (key, tracker, json) = (SharedOptions.Key(), SharedOptions.Tracker().Url(), SharedOptions.Json());
        var invite = new Option<string?>("--invite")
        {
            Description = "An invite, where the tracker asks for one. Environment: PBTS_INVITE, which others on the machine cannot read.",
            HelpName = "INVITE",
            DefaultValueFactory = _ => Environment.GetEnvironmentVariable("PBTS_INVITE") is { Length: > 0 } given ? given : null,
        };
        var proof = new Option<FileInfo?>("--proof") { Description = "What the user has at the tracker before this one, as pbts proof wrote it there, to be brought along.", HelpName = "FILE" };
        var site = new Option<bool>("--site") { Description = "Register as the administration, with PBTS_ADMIN_TOKEN in the environment or on the tracker's machine: where only it may, and for a member that is trusted as its own." };
        var passport = new Option<string[]>("--passport") { Description = "A passport of another tracker to bring along; may be repeated, up to 16. One that is refused does not cost the registration.", HelpName = "FILE", Arity = new(0, 16) };
        var command = new Command("register", "Register a user id, proving possession of the key. Prints the announce URL with its passkey. A member that came from a site without a key proves one with PBTS_PASSKEY, which stays.") { user, key, invite, site, passport, proof, tracker, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var userId = parsed.GetRequiredValue(user);
            if (!UserId.TryParse(userId, out _))
                return context.Fail(ExitCodes.Usage, "USER: must be 1 to 64 visible characters without /");
            JsonNode? document = null;
            if (parsed.GetValue(proof) is { } file)
            {
                try
                {
                    document = JsonNode.Parse(await File.ReadAllTextAsync(file.FullName, cancellationToken).ConfigureAwait(false));
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
                {
                    return context.Fail(ExitCodes.Usage, $"--proof: {file.Name} is no proof that can be read: {e.Message}");
                }
            }
            using var identity = context.ReadKey(parsed.GetRequiredValue(key), out var exitCode);
            if (identity is null)
                return exitCode;
            var url = parsed.GetRequiredValue(tracker);
            using var client = parsed.GetValue(site) ? context.Administrator(url, out exitCode) : new TrackerClient(url, SharedOptions.Passkey());
            if (client is null)
                return exitCode;
            (var passports, exitCode) = await PassportFile.OfferAsync(context, parsed.GetValue(passport) ?? [], identity, client, cancellationToken).ConfigureAwait(false);
            if (passports is null)
                return exitCode;
            var result = await client.RegisterAsync(userId, identity, cancellationToken, parsed.GetValue(invite), passports: passports.Count > 0 ? passports : null, proof: document).ConfigureAwait(false);
            if (!PassportFile.AllTaken(result, "imports"))
                context.Say("warning: you are registered, but not all passports were taken: see imports; pbts passport bring brings others");
            return context.Finish(result, parsed.GetValue(json));
        });
        return command;
    }
}
