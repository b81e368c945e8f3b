using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Pbts.Grains.Database;
using Pbts.Local;
using Pbts.Local.Postgres;
using Pbts.Local.Processes;

namespace Pbts.Tracker.Tests.Support;

/// <summary>
/// A private, throw-away PostgreSQL for the tests: its own data folder and Unix socket under the temporary folder,
/// fsync on as in production, gone when the tests are. Never touches the system's own server.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private readonly string folder = Path.Combine(Path.GetTempPath(), $"pbts-pg-{Guid.NewGuid():N}"[..19]);
    private readonly PostgresPrograms programs = new();
    private Process? server;
    private int databases;

    /// <summary>An address to listen at by TCP beside the socket, for tests whose processes are on a network of their own; null: none.</summary>
    public string? Address { get; init; }

    /// <summary>The server that this one is to be a standby of, by streaming replication; null: none.</summary>
    public PostgresServer? Primary { get; init; }

    /// <summary>Whether it can become a standby again by <see cref="FollowAsync"/>.</summary>
    public bool Rewinds { get; init; }

    /// <summary>What it is called where a primary names its synchronous standbys.</summary>
    public string Name => Path.GetFileName(folder);

    /// <summary>Connection string of the server's maintenance database.</summary>
    public string ConnectionString => ConnectionStringOf("postgres");

    public async Task InitializeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server?.Send(Signal.Quit);
        await PostgresPrograms.CreateFolderAsync(folder);
        if (Primary is null)
            await programs.InitializeAsync(DataFolder, [.. Rewinds ? (string[])["--data-checksums"] : [], "--no-sync", "--no-instructions"]);
        else
            await programs.ServerToolAsync("pg_basebackup", "-D", DataFolder, "-d", Primary.ReplicationOf(this), "-R", "-X", "stream", "-c", "fast", "--no-sync");
        // In the file, because pg_rewind starts a server of its own, which reads that alone.
        if (Rewinds)
            await File.AppendAllTextAsync(Path.Combine(DataFolder, "postgresql.conf"), "wal_keep_size = '256MB'\n");
        if (Address is not null)
            await File.AppendAllTextAsync(Path.Combine(DataFolder, "pg_hba.conf"), "host all all samenet trust\n");
        await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await StopAsync(Signal.Interrupt);
        NpgsqlConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Stops the server cleanly: open transactions roll back, clients are disconnected.</summary>
    public Task StopAsync() => StopAsync(Signal.Interrupt);

    /// <summary>Stops the server as a crash would: no checkpoint, recovery at the next start.</summary>
    public Task KillAsync() => StopAsync(Signal.Quit);

    /// <summary>Ends every process of the server at once (SIGKILL).</summary>
    public async Task DestroyAsync()
    {
        server!.Kill(entireProcessTree: true);
        await server.WaitForExitAsync();
        server.Dispose();
        server = null;
    }

    /// <summary>Lets a standby take writes.</summary>
    public Task PromoteAsync() => ExecuteAsync("SELECT pg_promote()");

    /// <summary>From now on each commit is answered when this standby has it on disk; null: at once.</summary>
    public async Task WaitForAsync(string? standby)
    {
        await ExecuteAsync($"ALTER SYSTEM SET synchronous_standby_names = '{(standby is null ? "" : $"\"{standby}\"")}'");
        await ExecuteAsync("SELECT pg_reload_conf()");
        await Wait.UntilAsync(async () => standby is null == (await ScalarAsync("SHOW synchronous_standby_names") is ""));
        // It is the checkpointer that puts it into force, and nothing tells when.
        await Task.Delay(1000);
    }

    /// <summary>Makes a stopped server that was the primary the standby of the one that was promoted.</summary>
    public async Task FollowAsync(PostgresServer primary)
    {
        // Until then the new primary's control file tells of its old timeline, and pg_rewind sees nothing to do.
        await primary.ExecuteAsync("CHECKPOINT");
        await programs.ServerToolAsync("pg_rewind", "--target-pgdata", DataFolder, "--source-server", primary.ReplicationOf(this), "--write-recovery-conf", "--no-sync");
        await StartAsync();
    }

    /// <summary>Runs a statement, or several, in the maintenance database by a connection of its own, whoever is a standby.</summary>
    public async Task ExecuteAsync(string sql) => await ScalarAsync(sql);

    /// <summary>The first value that a statement in the maintenance database gives.</summary>
    public async Task<object?> ScalarAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false;Options=-c synchronous_commit=local");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>The same database, on whichever of the two servers takes writes.</summary>
    public string OrOn(PostgresServer other, string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Host = $"{folder},{other.folder}", TargetSessionAttributes = "primary" }.ConnectionString;

    /// <summary>The same database on this server.</summary>
    public string Here(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString) { Host = folder, TargetSessionAttributes = null }.ConnectionString;

    /// <summary>Kills the server and starts it again on the same data and socket.</summary>
    public async Task RestartAsync()
    {
        await KillAsync();
        await StartAsync();
    }

    /// <summary>Stops every process of the server where it is: connections stay open and nothing is answered.</summary>
    public void Freeze() => server!.SendToFamily(Signal.Stop);

    /// <summary>Lets the server go on after <see cref="Freeze"/>.</summary>
    public void Thaw() => server?.SendToFamily(Signal.Continue);

    /// <summary>Starts the server again after <see cref="StopAsync()"/> or <see cref="KillAsync"/>.</summary>
    public async Task StartAsync()
    {
        var command = programs.Server(DataFolder, folder, maxConnections: 300, Address ?? "", "shared_buffers=64MB");
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
            await programs.ToolAsync("pg_dump", "--format=custom", $"--file={dump}", "--host", folder, "--username", "pbts", source);
            await programs.ToolAsync("pg_restore", "--exit-on-error", "--no-owner", "--host", folder, "--username", "pbts", $"--dbname={target}", dump);
        }
        finally
        {
            File.Delete(dump);
        }

        return ConnectionStringOf(target);
    }

    /// <summary>The same database by TCP at <see cref="Address"/>.</summary>
    public string OverNetwork(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString) { Host = Address }.ConnectionString;

    private string ReplicationOf(PostgresServer standby) => $"host={folder} user=pbts dbname=postgres application_name={standby.Name}";

    private string DataFolder => Path.Combine(folder, "data");

    private string ConnectionStringOf(string database) =>
        $"Host={folder};Username=pbts;Database={database};Maximum Pool Size=60;Timeout=15";

    private async Task StopAsync(Signal signal)
    {
        if (server is null) return;
        server.Send(signal);
        await server.WaitForExitAsync();
        server.Dispose();
        server = null;
    }
}
