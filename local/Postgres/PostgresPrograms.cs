using System.Diagnostics;
using Pbts.Local.Processes;

namespace Pbts.Local.Postgres;

/// <summary>
/// PostgreSQL's programs, as they are run here: never as root, for whom the server does not run; on a Unix socket in a folder
/// that nobody else may enter, so without a port, a password or a secret.
/// </summary>
public sealed class PostgresPrograms
{
    private static readonly bool AsRoot = Libc.EffectiveUser() == 0;

    private readonly string _folder;

    /// <param name="version">The version that made the data; null: the newest there is.</param>
    public PostgresPrograms(string? version = null) => _folder = version is null ? Installed.Postgres() : Installed.Postgres(version);

    /// <summary>The unprivileged user that stands in for root.</summary>
    public static string StandIn { get; } = File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody";

    private static string[] Prefix => AsRoot ? ["setpriv", $"--reuid={StandIn}", $"--regid={GroupOf(StandIn)}", "--clear-groups"] : [];

    /// <summary>Makes an empty database cluster.</summary>
    public Task InitializeAsync(string data, params string[] options) =>
        RunAsync([.. Prefix, Path.Combine(_folder, "initdb"), "-D", data, "-U", "pbts", "--auth=trust", "-E", "UTF8", "--no-locale", .. options]);

    /// <summary>What starts the server; it keeps the pid.</summary>
    public string[] Server(string data, string socket, int maxConnections, string address = "", params string[] settings) =>
    [
        .. Prefix, Path.Combine(_folder, "postgres"), "-D", data, "-c", $"listen_addresses={address}", "-c", $"unix_socket_directories={socket}", "-c", "port=5432",
        "-c", $"max_connections={maxConnections}", "-c", "logging_collector=off", .. settings.SelectMany(setting => (string[])["-c", setting]),
    ];

    public Task<string> QueryAsync(string socket, string sql) =>
        RunAsync([.. Prefix, Path.Combine(_folder, "psql"), "-X", "-q", "-A", "-t", "-h", socket, "-U", "pbts", "-d", "postgres", "-c", sql]);

    public async Task<bool> IsReadyAsync(string socket)
    {
        using var asking = Process.Start(Path.Combine(_folder, "pg_isready"), ["-q", "-h", socket, "-p", "5432"]);
        await asking.WaitForExitAsync();
        return asking.ExitCode == 0;
    }

    /// <summary>Runs another of its programs as ourselves, as <c>pg_dump</c>.</summary>
    public Task<string> ToolAsync(string program, params string[] arguments) => RunAsync([Path.Combine(_folder, program), .. arguments]);

    /// <summary>Runs another of its programs as the user that the server runs as, as <c>pg_basebackup</c>.</summary>
    public Task<string> ServerToolAsync(string program, params string[] arguments) => AsServerAsync([Path.Combine(_folder, program), .. arguments]);

    /// <summary>Runs any program as the user that the server runs as.</summary>
    public static Task<string> AsServerAsync(params string[] command) => RunAsync([.. Prefix, .. command]);

    /// <summary>Makes a folder, and all above it that are missing, for that user alone.</summary>
    public static async Task<string> CreateFolderAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (AsRoot)
            await RunAsync(["chown", $"{StandIn}:", folder]);
        return folder;
    }

    /// <summary>Whether that user gets through to a folder of its own.</summary>
    public static async Task<bool> ReachesAsync(string folder) => (await AsServerAsync("sh", "-c", "[ -w \"$1\" ] && echo yes || true", "sh", folder)).Length > 0;

    private static string GroupOf(string user) => File.ReadLines("/etc/passwd").Select(line => line.Split(':')).First(fields => fields[0] == user)[3];

    /// <exception cref="LocalException">It failed, with what it said.</exception>
    private static async Task<string> RunAsync(string[] command)
    {
        // The current folder may be closed to that user, and PostgreSQL insists on knowing it.
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = "/",
        })!;
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? await output : throw new LocalException($"{string.Join(' ', command)} failed: {await output}{await error}");
    }
}
