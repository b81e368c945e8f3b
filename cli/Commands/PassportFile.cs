using System.Text.Json.Nodes;
using Pbts.Peer;
using Pbts.Protocol;
using Pbts.Protocol.Passports;

namespace Pbts.Cli.Commands;

/// <summary>Files with passports.</summary>
internal static class PassportFile
{
    /// <summary>Reads one; null, with the exit code, when it is none.</summary>
    public static Passport? Read(CommandContext context, string path, out int exitCode)
    {
        exitCode = ExitCodes.Success;
        var (passport, fault) = PassportJson.Read(ReadBytes(path));
        if (passport is null)
            exitCode = context.Fail(ExitCodes.File, $"{path}: {fault!.Message}");
        return passport;
    }

    /// <summary>Reads several and signs each over to a tracker, as its API takes them; null, with the exit code, when one is none, or another key's.</summary>
    public static async Task<(JsonArray? Offers, int ExitCode)> OfferAsync(CommandContext context, IEnumerable<string> paths, MemberIdentity identity, TrackerClient client, CancellationToken cancellationToken)
    {
        var passports = new List<Passport>();
        foreach (var path in paths)
        {
            if (Read(context, path, out var exitCode) is not { } passport)
                return (null, exitCode);
            if (passport.PublicKey != identity.PublicKey)
                return (null, context.Fail(ExitCodes.File, $"{path}: the passport is of another key than --key"));
            passports.Add(passport);
        }

        var offers = new JsonArray();
        if (passports.Count == 0)
            return (offers, ExitCodes.Success);
        if (await client.FindInstanceAsync(cancellationToken).ConfigureAwait(false) is not { } instance)
            return (null, context.Fail(ExitCodes.Unreachable, $"{client.Name} does not tell its instance id; is it running, and is --tracker right?"));
        foreach (var passport in passports)
        {
            offers.Add(new JsonObject
            {
                ["passport"] = JsonNode.Parse(PassportJson.Write(passport)),
                ["signature"] = Convert.ToBase64String(identity.Sign(PassportMessage.Build(instance.ToString(), passport)).Span),
            });
        }

        return (offers, ExitCodes.Success);
    }

    /// <summary>Whether an answer says of each passport that it counts.</summary>
    public static bool AllTaken(ApiResult result, string field) =>
        result.Body is not { } body || !body.TryGetProperty(field, out var results) || results.EnumerateArray().All(one => one.GetProperty("status").GetString() is not ("refused" or "busy"));

    /// <summary>What a passport says, for people and scripts.</summary>
    public static JsonObject Describe(Passport passport) => new()
    {
        ["user_id"] = passport.UserId.ToString(),
        ["public_key"] = Convert.ToBase64String(passport.PublicKey.Span),
        ["up"] = passport.Up,
        ["down"] = passport.Down,
        ["member_since"] = passport.MemberSince,
        ["issued"] = passport.Issued,
        ["expires"] = passport.Expires,
        ["issuer"] = passport.Issuer.ToString(),
        ["instance"] = passport.Instance.ToString(),
        ["contract"] = passport.Contract?.ToString(),
        ["chain_id"] = passport.Contract is null ? null : passport.ChainId,
        ["anchor"] = passport.Proof is { } proof ? new JsonObject { ["sequence"] = proof.Sequence, ["root"] = proof.Root.HashText, ["block"] = proof.Block } : null,
        ["imports"] = new JsonArray([.. passport.Imports.Select(import => (JsonNode)new JsonObject
        {
            ["issuer"] = import.Issuer, ["up"] = import.Up, ["down"] = import.Down, ["as_of"] = import.AsOf,
        })]),
        ["hash"] = Convert.ToHexStringLower(passport.Hash),
    };

    /// <summary>With what does not hold, if anything.</summary>
    public static JsonObject Describe(Passport passport, PassportFault? fault)
    {
        var said = Describe(passport);
        said.Insert(0, "valid", fault is null);
        if (fault is not null)
        {
            said.Insert(1, "step", fault.Step.ToText());
            said.Insert(2, "reason", fault.Message);
        }

        return said;
    }

    /// <summary>One byte more than there may be is enough to see that there are too many.</summary>
    private static byte[] ReadBytes(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read);
        var bytes = new byte[PassportJson.MaxSize + 1];
        return bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
    }
}
