using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Pbts.Cli.Commands;

namespace Pbts.Cli.Passports;

/// <summary>Which other trackers are believed, and how far.</summary>
internal static class IssuerCommand
{
    private const string Who = "as the administration (PBTS_ADMIN_TOKEN, or on the tracker's machine)";
    private const string None = "none";

    public static Command Create(CommandContext context) => new("issuer", "Say which other trackers are believed, and how far. None is by default.")
    {
        ApiVerb.Create(context, Administrator(context), "list", $"List the issuers, {Who}.", [], (client, _, cancel) => client.GetAsync("issuers", cancel)),
        CreateSet(context, "add", $"Believe another tracker, {Who}.", isNew: true),
        CreateSet(context, "set", $"Change what is given of an issuer, {Who}. {None} takes away a limit.", isNew: false),
        CreateRemove(context),
    };

    private static Command CreateSet(CommandContext context, string verb, string description, bool isNew)
    {
        var name = Name();
        var address = Text("--address", "ADDRESS", "Who signs its passports; of a contract, its owner, read from the chain where it is left out.");
        var contract = Text("--contract", "ADDRESS", "The Reputation contract by which it is known; without it, by the address alone.");
        var chain = new Option<long?>("--chain-id") { Description = "The contract's chain.", HelpName = "ID" }.Between(1, long.MaxValue);
        var instance = Text("--instance", "HEX", "The tracker's instance id, as its /health gives it; without it, that of the first passport that counts.");
        var weight = new Option<int?>("--weight") { Description = "Per cent of what it says that counts.", HelpName = "PERCENT", Required = isNew }.Between(0, 100);
        var cap = Text("--cap", "BYTES", "Most bytes given that count of one member; what was taken is cut in the same proportion.");
        var age = new Option<int?>("--least-age") { Description = "Days that somebody must have been its member.", HelpName = "DAYS" }.Between(0, 36_500);
        var (from, until) = (Text("--from", "TIME", "When it begins to be believed, as 2027-01-31T00:00:00Z."), Text("--until", "TIME", "When it ends."));
        return ApiVerb.Create(context, Administrator(context), verb, description, [name, address, contract, chain, instance, weight, cap, age, from, until], async (client, parsed, cancel) =>
        {
            var body = new JsonObject();
            foreach (var (option, field) in (ReadOnlySpan<(Option<string?>, string)>)[(address, "address"), (contract, "contract"), (instance, "instance")])
                Add(field, parsed.GetValue(option), text => JsonValue.Create(text));
            Add("cap", parsed.GetValue(cap), text => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? JsonValue.Create(bytes) : JsonValue.Create(text));
            Add("valid_from", parsed.GetValue(from), Moment);
            Add("valid_until", parsed.GetValue(until), Moment);
            foreach (var (number, field) in (ReadOnlySpan<(long?, string)>)[(parsed.GetValue(chain), "chain_id"), (parsed.GetValue(weight), "weight"), (parsed.GetValue(age), "least_age_days")])
            {
                if (number is { } given)
                    body[field] = given;
            }

            return await client.PutAsync($"issuers/{Uri.EscapeDataString(parsed.GetRequiredValue(name))}", body, cancel).ConfigureAwait(false);

            void Add(string field, string? text, Func<string, JsonNode> value)
            {
                if (text is not null)
                    body[field] = text == None ? null : value(text);
            }
        });
    }

    private static Command CreateRemove(CommandContext context)
    {
        var name = Name();
        return ApiVerb.Create(context, Administrator(context), "remove", $"Believe a tracker no more, {Who}. What members brought from it is kept and counts nothing.", [name], (client, parsed, cancel) =>
            client.DeleteAsync($"issuers/{Uri.EscapeDataString(parsed.GetRequiredValue(name))}", cancel));
    }

    private static ApiVerb.ClientFactory Administrator(CommandContext context) => (string url, out int exitCode) => context.Administrator(url, out exitCode);

    private static Argument<string> Name()
    {
        var name = new Argument<string>("NAME") { Description = "Your name for it: a-z, 0-9, dot, dash and underscore." };
        name.Validators.Add(result =>
        {
            // A path of dots is never sent: it means a folder.
            if (result.GetValueOrDefault<string>() is { } text && text.All(letter => letter is '.' or '/'))
                result.AddError("NAME: must begin with a letter or digit");
        });
        return name;
    }

    private static Option<string?> Text(string name, string help, string description) => new(name) { Description = description, HelpName = help };

    /// <summary>What is no time is sent as it is; the tracker says what it wants.</summary>
    private static JsonValue Moment(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? JsonValue.Create(time.ToUnixTimeSeconds()) : JsonValue.Create(text);
}
