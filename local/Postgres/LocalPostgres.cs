using System.Security.Cryptography;
using Pbts.Local.Processes;

namespace Pbts.Local.Postgres;

/// <summary>The private PostgreSQL of an instance.</summary>
public sealed class LocalPostgres(Instance instance, Launcher launcher, Action<string> say)
{
    public const string Name = "postgres";

    /// <summary>Ten silos with two pools of <see cref="Pool"/> fit in.</summary>
    private const int MaxConnections = 500;
    private const int Pool = 40;

    /// <summary>A socket's path may have 107 bytes.</summary>
    private const int LongestSocketFolder = 85;

    /// <summary>Connection string of the tracker's database.</summary>
    public string Database => $"Host={Socket};Port=5432;Username=pbts;Database=pbts;Maximum Pool Size={Pool}";

    private string? Socket => instance["socket"];

    /// <summary>Starts it, unless it runs, with a database for the tracker.</summary>
    public async Task StartAsync(Func<string, TimeSpan, Task> waitReady)
    {
        var home = await FindHomeAsync();
        var socket = await FindSocketAsync(home);
        var data = Path.Combine(home, "data");
        if ((await PostgresPrograms.AsServerAsync("sh", "-c", "[ ! -d \"$1\" ] || cat \"$1/PG_VERSION\"", "sh", data)).Trim() is not { Length: > 0 } version)
        {
            say($"==> Creating the database in {home}");
            var made = $"{data}.new";
            await PostgresPrograms.AsServerAsync("rm", "-rf", made);
            await new PostgresPrograms().InitializeAsync(made);
            await PostgresPrograms.AsServerAsync("mv", made, data);
            version = (await PostgresPrograms.AsServerAsync("cat", Path.Combine(data, "PG_VERSION"))).Trim();
        }

        var programs = new PostgresPrograms(version);
        if (instance.PidOf(Name) is null)
        {
            // After a crash the pid in a lock file may belong to some other program, or to what is left of the server.
            foreach (var file in (string[])[Path.Combine(data, "postmaster.pid"), Path.Combine(socket, ".s.PGSQL.5432.lock")])
                await PostgresPrograms.AsServerAsync("sh", "-c", "[ ! -e \"$1\" ] || [ \"$(readlink \"/proc/$(head -1 \"$1\")/cwd\")\" = \"$2\" ] || rm -f \"$1\"", "sh", file, data);
            say($"==> Starting PostgreSQL {version} (socket in {socket})");
            launcher.Launch(Name, programs.Server(data, socket, MaxConnections));
        }

        await waitReady(Name, TimeSpan.FromSeconds(60));
        if ((await programs.QueryAsync(socket, "SELECT 1 FROM pg_database WHERE datname = 'pbts'")).Length == 0)
            await programs.QueryAsync(socket, "CREATE DATABASE pbts");
    }

    public Task<bool> IsReadyAsync() => Socket is { } socket ? new PostgresPrograms().IsReadyAsync(socket) : Task.FromResult(false);

    /// <summary>
    /// The folder of data and socket: the instance's, or another (and remembered) where root's stand-in cannot reach that, as
    /// in a clone under /root.
    /// </summary>
    private async Task<string> FindHomeAsync()
    {
        if (instance["postgres"] is { } known)
        {
            return Directory.Exists(known) ? known
                : throw new LocalException($"the database folder {known}, which {instance.Folder}/instance names, is gone; to start with an empty database remove {instance.Folder}");
        }

        var home = await PostgresPrograms.CreateFolderAsync(Path.Combine(instance.Folder, "postgres"));
        if (await PostgresPrograms.ReachesAsync(home))
            return home;
        Directory.Delete(home);
        var all = Directory.CreateDirectory("/var/lib/pbts");
        all.UnixFileMode = (UnixFileMode)0b111_001_001;
        home = await PostgresPrograms.CreateFolderAsync(Path.Combine(all.FullName, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))));
        instance["postgres"] = home;
        say($"    PostgreSQL may not run as root, and user {PostgresPrograms.StandIn} cannot reach {instance.Folder}: its files are in {home}");
        return home;
    }

    private async Task<string> FindSocketAsync(string home)
    {
        if (Socket is { } known && Directory.Exists(known))
            return known;
        var socket = Path.Combine(home, "socket");
        if (socket.Length > LongestSocketFolder)
            socket = Directory.CreateTempSubdirectory("pbts-").FullName;
        await PostgresPrograms.CreateFolderAsync(socket);
        instance["socket"] = socket;
        return socket;
    }
}
