using System.CommandLine;
using System.Globalization;
using Pbts.Peer;

namespace Pbts.Cli.Commands;

/// <summary>Options that several commands have, made anew for each, with one meaning.</summary>
internal static class SharedOptions
{
    /// <summary>The longest time that can be waited for: a timer counts milliseconds in 32 bits.</summary>
    public const int MaxSeconds = 4_000_000;

    public static Option<string> Tracker() => new("--tracker", "-t")
    {
        Description = "The tracker's address or announce URL. Environment: PBTS_TRACKER, where a URL with a passkey belongs.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("PBTS_TRACKER") is { Length: > 0 } url ? url : TrackerClient.DefaultUrl,
        HelpName = "URL",
    };

    /// <summary>The member's passkey; from the environment, because everybody on the machine can read a command line.</summary>
    public static string? Passkey() => Environment.GetEnvironmentVariable("PBTS_PASSKEY") is { Length: > 0 } passkey ? passkey : null;

    public static Option<bool> Json() => new("--json") { Description = "Print one JSON document: the result, or {\"success\": false, \"error\": \"…\"}." };

    public static Option<string> Key() => new("--key", "-k") { Description = "Key file, as written by keygen.", HelpName = "KEYFILE", Required = true };

    public static Option<string> User() => new("--user", "-u") { Description = "Your user id on the tracker.", HelpName = "USER", Required = true };

    /// <summary>Refuses numbers out of range before anything is done.</summary>
    public static Option<T> Between<T>(this Option<T> option, long minimum, long maximum)
    {
        option.Validators.Add(result =>
        {
            // What is no number is refused later, with its own message; asking for the value here would throw.
            if (result.Tokens is [var token] && long.TryParse(token.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                && (number < minimum || number > maximum))
                result.AddError(maximum == long.MaxValue ? $"{option.Name}: must be at least {minimum}" : $"{option.Name}: must be {minimum} to {maximum}");
        });
        return option;
    }

    /// <summary>Refuses what is no URL before anything is done.</summary>
    public static Option<T> Url<T>(this Option<T> option)
        where T : class? => option.Url("http or https", "http", "https");

    /// <summary>The same where announces go, which may go over UDP.</summary>
    public static Option<T> AnnounceUrl<T>(this Option<T> option)
        where T : class? => option.Url("http, https or udp", "http", "https", "udp");

    private static Option<T> Url<T>(this Option<T> option, string kinds, params string[] schemes)
        where T : class?
    {
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<T>() is string text && !IsUrl(text))
                result.AddError($"{option.Name}: '{text}' is not an {kinds} URL");
        });
        return option;

        bool IsUrl(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && schemes.Contains(uri.Scheme) && (uri.Scheme != "udp" || uri.Port > 0);
    }
}
