using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Pbts.Cli.Commands;

internal static class ConfigCommand
{
    public static Command Create(CommandContext context)
    {
        var changes = new Argument<string[]>("NAME=VALUE") { Description = "Settings to change (verify_signatures, receipt_window, tee_mode); none shows all.", Arity = ArgumentArity.ZeroOrMore };
        var (tracker, json) = (SharedOptions.Tracker().Url(), SharedOptions.Json());
        var command = new Command("config", "Show or change the tracker's settings. Changing needs PBTS_ADMIN_TOKEN in the environment, or to be on its machine.")
        {
            changes, tracker, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var body = new JsonObject();
            foreach (var change in parsed.GetValue(changes) ?? [])
            {
                var at = change.IndexOf('=', StringComparison.Ordinal);
                if (at <= 0)
                    return context.Fail(ExitCodes.Usage, $"'{change}' is not NAME=VALUE");
                body[change[..at]] = Value(change[(at + 1)..]);
            }
            using var client = context.Administrator(parsed.GetRequiredValue(tracker), out var exitCode);
            if (client is null)
                return exitCode;
            var result = body.Count == 0
                ? await client.GetAsync("config", cancellationToken).ConfigureAwait(false)
                : await client.PostAsync("config", body, cancellationToken).ConfigureAwait(false);
            return context.Finish(result, parsed.GetValue(json));
        });
        return command;
    }

    /// <summary>Numbers and booleans as such, everything else as text.</summary>
    private static JsonValue Value(string text) => text switch
    {
        "true" => JsonValue.Create(true),
        "false" => JsonValue.Create(false),
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
        // JSON has no word for what is not finite; the tracker is told it as text, and says what it wants.
        _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => JsonValue.Create(number),
        _ => JsonValue.Create(text),
    };
}
