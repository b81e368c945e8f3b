using System.CommandLine;
using MySqlConnector;

namespace Pbts.Cli.Sites;

/// <summary>Where a site's database is. Its password comes by the environment: whoever is on the machine can read a command line.</summary>
internal static class MySqlAddress
{
    public const string PasswordVariable = "PBTS_MYSQL_PASSWORD";

    public const string Form = "mysql://USER@HOST:PORT/DATABASE";

    private const uint UsualPort = 3306;

    /// <summary>What is wrong with a URL; null: nothing.</summary>
    public static string? Problem(string text) =>
        !Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme != "mysql" || url.UserInfo.Length == 0 || url.Host.Length == 0 || Database(url).Length == 0 || url.Query.Length > 0
            ? $"must be {Form}"
            : url.UserInfo.Contains(':', StringComparison.Ordinal) ? $"takes no password: it comes by {PasswordVariable}" : null;

    public static MySqlConnectionStringBuilder Parse(string text)
    {
        var url = new Uri(text);
        return new()
        {
            Server = url.Host, Port = url.Port > 0 ? (uint)url.Port : UsualPort, UserID = Uri.UnescapeDataString(url.UserInfo), Database = Database(url),
            Password = Environment.GetEnvironmentVariable(PasswordVariable) ?? "", Pooling = false, ConnectionTimeout = 10, DefaultCommandTimeout = 300, Keepalive = 30,
            TreatTinyAsBoolean = false,
        };
    }

    /// <summary>Refuses what is no URL of a database before anything is done.</summary>
    public static Option<string> MySqlUrl(this Option<string> option)
    {
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } text && Problem(text) is { } problem)
                result.AddError($"{option.Name}: {problem}");
        });
        return option;
    }

    private static string Database(Uri url) => Uri.UnescapeDataString(url.AbsolutePath.Trim('/'));
}
