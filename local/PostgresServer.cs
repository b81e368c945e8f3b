using System.Diagnostics;
using System.Security.Cryptography;
using Pbts.Local.Processes;

namespace Pbts.Local;

/// <summary>A private PostgreSQL: a Unix socket alone, in a folder that nobody else may enter, so no port, password or secret.</summary>
internal sealed class PostgresServer(Instance instance, Launcher launcher, Action<string> say)
{
    public const string Name = "postgres";

    /// <summary>Ten silos with two pools of <see cref="Pool"/> fit in.</summary>
    private const int MaxConnections = 500;
    private const int Pool = 40;

    /// <summary>A socket's path may have 107 bytes.</summary>
    private const int LongestSocketFolder = 85;

    private static readonly bool AsRoot = Libc.EffectiveUser() == 0;

    /// <summary>Connection string of the tracker's database.</summary>
    public string Database => $"Host={Socket};Port=5432;Username=pbts;Database=pbts;Maximum Pool Size={Pool}";

    private string? Socket => instance["socket"];

    /// <summary>The unprivileged user that stands in for root, for whom PostgreSQL does not run.</summary>
    private static string StandIn { get; } = File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody";

    /// <summary>Starts it, unless it runs, with a database for the tracker.</summary>
    public async Task StartAsync(Func<string, TimeSpan, Task> waitReady)
    {
        var binaries = Installed.Postgres();
        var home = FindHome();
        var socket = FindSocket(home);
        var data = Path.Combine(home, "data");
        if (!await ExistsAsync(data))
        {
            say($"==> Creating the database in {home}");
            var made = $"{data}.new";
            await RunAsync("rm", "-rf", made);
            await RunAsync(Path.Combine(binaries, "initdb"), "-D", made, "-U", "pbts", "--auth=trust", "-E", "UTF8", "--no-locale");
            await RunAsync("mv", made, data);
        }

        var version = (await RunAsync("cat", Path.Combine(data, "PG_VERSION"))).Trim();
        binaries = Installed.Postgres(version);
        if (instance.PidOf(Name) is null)
        {
            // After a crash the pid in a lock file may belong to some other program, or to what is left of the server.
            foreach (var file in new[] { Path.Combine(data, "postmaster.pid"), Path.Combine(socket, ".s.PGSQL.5432.lock") })
                await RunAsync("sh", "-c", "[ ! -e \"$1\" ] || [ \"$(readlink \"/proc/$(head -1 \"$1\")/cwd\")\" = \"$2\" ] || rm -f \"$1\"", "sh", file, data);
            say($"==> Starting PostgreSQL {version} (socket in {socket})");
            launcher.Launch(Name, [.. Unprivileged, Path.Combine(binaries, "postgres"), "-D", data, "-c", "listen_addresses=",
                "-c", $"unix_socket_directories={socket}", "-c", "port=5432", "-c", $"max_connections={MaxConnections}", "-c", "logging_collector=off"]);
        }

        await waitReady(Name, TimeSpan.FromSeconds(60));
        if ((await QueryAsync(binaries, "SELECT 1 FROM pg_database WHERE datname = 'pbts'")).Length == 0)
            await QueryAsync(binaries, "CREATE DATABASE pbts");
    }

    public async Task<bool> IsReadyAsync()
    {
        using var asking = Process.Start(new ProcessStartInfo(Path.Combine(Installed.Postgres(), "pg_isready"), ["-q", "-h", Socket ?? "", "-p", "5432"]))!;
        await asking.WaitForExitAsync();
        return asking.ExitCode == 0;
    }

    private static string[] Unprivileged => AsRoot ? ["setpriv", $"--reuid={StandIn}", $"--regid={GroupOf(StandIn)}", "--clear-groups"] : [];

    private static string GroupOf(string user) => File.ReadLines("/etc/passwd").Select(line => line.Split(':')).First(fields => fields[0] == user)[3];

    private Task<string> QueryAsync(string binaries, string sql) =>
        RunAsync(Path.Combine(binaries, "psql"), "-X", "-q", "-A", "-t", "-h", Socket!, "-U", "pbts", "-d", "postgres", "-c", sql);

    /// <summary>
    /// The folder of data and socket: the instance's, or another (and remembered) where root's stand-in cannot reach that, as
    /// in a clone under /root.
    /// </summary>
    private string FindHome()
    {
        if (instance["postgres"] is { } known)
        {
            return Directory.Exists(known) ? known
                : throw new LocalException($"the database folder {known}, which {instance.Folder}/instance names, is gone; to start with an empty database remove {instance.Folder}");
        }

        var home = Directory.CreateDirectory(Path.Combine(instance.Folder, "postgres")).FullName;
        if (AsRoot)
        {
            Own(home);
            if (!Reaches(home))
            {
                Directory.Delete(home);
                var all = Directory.CreateDirectory("/var/lib/pbts").FullName;
                File.SetUnixFileMode(all, (UnixFileMode)Convert.ToInt32("711", 8));
                home = Directory.CreateDirectory(Path.Combine(all, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)))).FullName;
                Own(home);
                instance["postgres"] = home;
                say($"    PostgreSQL may not run as root, and user {StandIn} cannot reach {instance.Folder}: its files are in {home}");
            }
        }

        Close(home);
        return home;
    }

    private string FindSocket(string home)
    {
        if (Socket is { } known && Directory.Exists(known))
            return known;
        var socket = Path.Combine(home, "socket");
        if (socket.Length > LongestSocketFolder)
            socket = Directory.CreateTempSubdirectory("pbts-").FullName;
        Directory.CreateDirectory(socket);
        Close(socket);
        if (AsRoot)
            Own(socket);
        instance["socket"] = socket;
        return socket;
    }

    private static void Close(string folder) => File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    private static void Own(string folder)
    {
        using var chown = Process.Start("chown", [$"{StandIn}:", folder]);
        chown.WaitForExit();
    }

    private static bool Reaches(string folder)
    {
        string[] command = [.. Unprivileged, "test", "-w", folder];
        using var test = Process.Start(command[0], command[1..]);
        test.WaitForExit();
        return test.ExitCode == 0;
    }

    private async Task<bool> ExistsAsync(string folder) => (await RunAsync("sh", "-c", "[ -d \"$1\" ] && echo yes || true", "sh", folder)).Length > 0;

    /// <summary>Runs a program as the user that PostgreSQL runs as and gives what it says.</summary>
    private async Task<string> RunAsync(params string[] command)
    {
        string[] all = [.. Unprivileged, .. command];
        using var process = Process.Start(new ProcessStartInfo(all[0], all[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = "/" })!;
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode == 0)
            return await output;
        await File.AppendAllTextAsync(instance.LogOf(Name), await output + await error);
        throw new LocalException($"{Path.GetFileName(command[0])} failed, see {instance.LogOf(Name)}");
    }
}
