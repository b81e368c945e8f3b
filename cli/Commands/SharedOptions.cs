using System.CommandLine;
using Pbts.Cli.Tracker;

namespace Pbts.Cli.Commands;

/// <summary>Options that several commands have, made anew for each, with one meaning.</summary>
internal static class SharedOptions
{
    public static Option<string> Tracker() => new("--tracker", "-t")
    {
        Description = "The tracker's address or announce URL. Environment: PBTS_TRACKER.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("PBTS_TRACKER") is { Length: > 0 } url ? url : TrackerClient.DefaultUrl,
        HelpName = "URL",
    };

    /// <summary>The member's passkey; from the environment, because everybody on the machine can read a command line.</summary>
    public static string? Passkey() => Environment.GetEnvironmentVariable("PBTS_PASSKEY") is { Length: > 0 } passkey ? passkey : null;

    public static Option<bool> Json() => new("--json") { Description = "Print the result as JSON." };

    public static Option<string> Key() => new("--key", "-k") { Description = "Key file, as written by keygen.", HelpName = "KEYFILE", Required = true };

    public static Option<string> User() => new("--user", "-u") { Description = "Your user id on the tracker.", HelpName = "USER", Required = true };

    /// <summary>Refuses what is no URL before anything is done.</summary>
    public static Option<string> Url(this Option<string> option)
    {
        option.Validators.Add(result =>
        {
            var text = result.GetValueOrDefault<string>();
            if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
                result.AddError($"{option.Name}: '{text}' is not an http or https URL");
        });
        return option;
    }
}
