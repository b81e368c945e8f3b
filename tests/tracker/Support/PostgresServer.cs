using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Pbts.Grains.Database;

namespace Pbts.Tracker.Tests.Support;

/// <summary>
/// A private, throw-away PostgreSQL for the tests: its own data folder and Unix socket under the temporary folder,
/// fsync on as in production, gone when the tests are. Never touches the system's own server.
/// </summary>
public sealed partial class PostgresServer : IAsyncLifetime
{
    private const int SigInt = 2;
    private const int SigQuit = 3;
    private const int SigContinue = 18;
    private const int SigStop = 19;

    private readonly string folder = Path.Combine(Path.GetTempPath(), $"pbts-pg-{Guid.NewGuid():N}"[..19]);
    private readonly string binaries = FindBinaries();
    private Process? server;
    private int databases;

    /// <summary>An address to listen at by TCP beside the socket, for tests whose processes are on a network of their own; null: none.</summary>
    public string? Address { get; init; }

    /// <summary>Connection string of the server's maintenance database.</summary>
    public string ConnectionString => ConnectionStringOf("postgres");

    public async Task InitializeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Signal(SigQuit);
        if (Geteuid() == 0)
            Run("install", "-d", "-m", "700", "-o", UnprivilegedUser.Value, folder);
        else
            Run("install", "-d", "-m", "700", folder);
        var initdb = Unprivileged(Path.Combine(binaries, "initdb"),
            "-D", DataFolder, "-U", "pbts", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions");
        Run(initdb[0], initdb[1..]);
        if (Address is not null)
            await File.AppendAllTextAsync(Path.Combine(DataFolder, "pg_hba.conf"), "host all all samenet trust\n");
        await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await StopAsync(SigInt);
        NpgsqlConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Stops the server cleanly: open transactions roll back, clients are disconnected.</summary>
    public Task StopAsync() => StopAsync(SigInt);

    /// <summary>Stops the server as a crash would: no checkpoint, recovery at the next start.</summary>
    public Task KillAsync() => StopAsync(SigQuit);

    /// <summary>Kills the server and starts it again on the same data and socket.</summary>
    public async Task RestartAsync()
    {
        await KillAsync();
        await StartAsync();
    }

    /// <summary>Stops every process of the server where it is: connections stay open and nothing is answered.</summary>
    public void Freeze() => SignalAll(SigStop);

    /// <summary>Lets the server go on after <see cref="Freeze"/>.</summary>
    public void Thaw() => SignalAll(SigContinue);

    /// <summary>Starts the server again after <see cref="StopAsync()"/> or <see cref="KillAsync"/>.</summary>
    public async Task StartAsync()
    {
        var command = Unprivileged(Path.Combine(binaries, "postgres"),
            "-D", DataFolder, "-k", folder, "-c", $"listen_addresses={Address}", "-c", "max_connections=300",
            "-c", "shared_buffers=64MB", "-c", "logging_collector=off");
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, WorkingDirectory = folder };
        server = Process.Start(start) ?? throw new InvalidOperationException("PostgreSQL did not start.");
        var log = new List<string>();
        server.ErrorDataReceived += (_, line) => { lock (log) log.Add(line.Data ?? ""); };
        server.BeginErrorReadLine();

        var deadline = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
                await connection.OpenAsync();
                return;
            }
            catch (Exception error) when (error is NpgsqlException or IOException)
            {
                if (server.HasExited || deadline.Elapsed > TimeSpan.FromSeconds(60))
                    throw new InvalidOperationException($"PostgreSQL did not become ready:\n{string.Join('\n', log.TakeLast(20))}", error);
                await Task.Delay(50);
            }
        }
    }

    /// <summary>Creates a fresh database and returns its connection string.</summary>
    /// <param name="migrated">Whether it has the tracker's schema or is empty.</param>
    /// <param name="encoding">As PostgreSQL names it.</param>
    public async Task<string> CreateDatabaseAsync(bool migrated = true, string encoding = "UTF8")
    {
        var name = $"test_{Interlocked.Increment(ref databases)}";
        await using (var maintenance = NpgsqlDataSource.Create(ConnectionString))
        await using (var create = maintenance.CreateCommand($"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0"))
            await create.ExecuteNonQueryAsync();
        var connectionString = ConnectionStringOf(name);
        if (migrated)
        {
            await using var database = NpgsqlDataSource.Create(connectionString);
            await SchemaMigrator.MigrateAsync(database, NullLogger.Instance, CancellationToken.None);
        }
        return connectionString;
    }

    /// <summary>Deletes a database, whoever is still connected to it.</summary>
    public async Task DropDatabaseAsync(string connectionString)
    {
        await using var maintenance = NpgsqlDataSource.Create(ConnectionString);
        await using var drop = maintenance.CreateCommand($"DROP DATABASE {new NpgsqlConnectionStringBuilder(connectionString).Database} WITH (FORCE)");
        await drop.ExecuteNonQueryAsync();
    }

    /// <summary>Dumps a database with pg_dump, restores it with pg_restore into a fresh one and returns that one's connection string.</summary>
    public async Task<string> DumpAndRestoreAsync(string connectionString)
    {
        var source = new NpgsqlConnectionStringBuilder(connectionString).Database!;
        var target = new NpgsqlConnectionStringBuilder(await CreateDatabaseAsync(migrated: false)).Database!;
        var dump = Path.Combine(Path.GetTempPath(), $"{Path.GetFileName(folder)}-{source}.dump");
        try
        {
            Run(Path.Combine(binaries, "pg_dump"), "--format=custom", $"--file={dump}", "--host", folder, "--username", "pbts", source);
            Run(Path.Combine(binaries, "pg_restore"), "--exit-on-error", "--no-owner", "--host", folder, "--username", "pbts", $"--dbname={target}", dump);
        }
        finally
        {
            File.Delete(dump);
        }

        return ConnectionStringOf(target);
    }

    /// <summary>The same database by TCP at <see cref="Address"/>.</summary>
    public string OverNetwork(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString) { Host = Address }.ConnectionString;

    private string DataFolder => Path.Combine(folder, "data");

    private string ConnectionStringOf(string database) =>
        $"Host={folder};Username=pbts;Database={database};Maximum Pool Size=60;Timeout=15";

    private async Task StopAsync(int signal)
    {
        if (server is null) return;
        Signal(signal);
        await server.WaitForExitAsync();
        server.Dispose();
        server = null;
    }

    private void SignalAll(int signal)
    {
        Signal(signal);
        foreach (var process in Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, CultureInfo.InvariantCulture, out _)))
        {
            // The fourth field is the parent; the second, the name, may hold anything but ends at the last parenthesis.
            var stat = File.Exists($"/proc/{process}/stat") ? File.ReadAllText($"/proc/{process}/stat") : "";
            if (stat.LastIndexOf(')') is > 0 and var end && stat[(end + 2)..].Split(' ')[1] == $"{server!.Id}")
                _ = Kill(int.Parse(process!, CultureInfo.InvariantCulture), signal);
        }
    }

    private void Signal(int signal)
    {
        if (server is { HasExited: false } running)
            _ = Kill(running.Id, signal);
    }

    private static Lazy<string> UnprivilegedUser { get; } = new(() =>
        File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody");

    /// <summary>PostgreSQL refuses to run as root: as root the command is run as another user, under the same pid.</summary>
    private static string[] Unprivileged(params string[] command) => Geteuid() == 0
        ? ["setpriv", $"--reuid={UnprivilegedUser.Value}", "--regid=nogroup", "--clear-groups", "--", .. command]
        : command;

    private static string FindBinaries()
    {
        var packaged = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin"))
                .OrderByDescending(d => double.TryParse(Path.GetFileName(Path.GetDirectoryName(d)), CultureInfo.InvariantCulture, out var v) ? v : 0)
            : Enumerable.Empty<string>();
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        return packaged.Concat(path).FirstOrDefault(d => File.Exists(Path.Combine(d, "initdb")) && File.Exists(Path.Combine(d, "postgres")))
            ?? throw new InvalidOperationException("These tests need the PostgreSQL server programs. Run them with ./pbts test, which installs them.");
    }

    private static void Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} failed: {output.Result}{errors}");
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint Geteuid();
}
