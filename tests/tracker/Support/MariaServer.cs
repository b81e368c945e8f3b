using System.Diagnostics;
using System.Globalization;
using MySqlConnector;
using Pbts.Local.Processes;

namespace Pbts.Tracker.Tests.Support;

/// <summary>
/// A private, throw-away MariaDB for the tests, as sites have it: its own data folder and socket under the temporary folder, and a
/// port on loopback. Two of them at work in one folder for temporary files would take each other's. Never touches the system's own server.
/// </summary>
public sealed class MariaServer : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"pbts-maria-{Guid.NewGuid():N}"[..22]);
    private Process? _server;
    private int _databases;

    public async Task InitializeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) => _server?.Send(Signal.Kill);
        Directory.CreateDirectory(_folder);
        using (var made = Process.Start(new ProcessStartInfo("mariadb-install-db", [
            "--no-defaults", $"--datadir={DataFolder}", $"--user={Environment.UserName}", "--auth-root-authentication-method=normal", "--skip-test-db", "--force", $"--tmpdir={_folder}"])
        { RedirectStandardOutput = true, RedirectStandardError = true })!)
        {
            var (output, error) = (made.StandardOutput.ReadToEndAsync(), made.StandardError.ReadToEndAsync());
            await made.WaitForExitAsync();
            Assert.True(made.ExitCode == 0, $"mariadb-install-db failed: {await output}{await error}");
        }

        await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await KillAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Stops the server as a crash would: recovery at the next start.</summary>
    public async Task KillAsync()
    {
        var server = _server!;
        server.Send(Signal.Kill);
        await server.WaitForExitAsync();
        server.Dispose();
    }

    /// <summary>Starts the server, again after <see cref="KillAsync"/>, and waits until it answers.</summary>
    public async Task StartAsync()
    {
        var program = File.Exists("/usr/sbin/mariadbd") ? "/usr/sbin/mariadbd" : "mariadbd";
        var server = Process.Start(new ProcessStartInfo(program, [
            "--no-defaults", $"--user={Environment.UserName}", $"--datadir={DataFolder}", $"--socket={Path.Combine(_folder, "socket")}", $"--pid-file={Path.Combine(_folder, "pid")}",
            "--bind-address=127.0.0.1", $"--port={Port}", "--innodb-buffer-pool-size=128M", "--character-set-server=utf8mb4", $"--log-error={Log}", $"--tmpdir={_folder}"]) { WorkingDirectory = _folder })!;
        _server = server;
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            try
            {
                await using var connection = new MySqlConnection(ConnectionString("mysql"));
                await connection.OpenAsync();
                return;
            }
            catch (MySqlException) when (!server.HasExited && waited.Elapsed < TimeSpan.FromSeconds(60))
            {
            }
            catch (MySqlException error)
            {
                throw new InvalidOperationException($"MariaDB did not become ready:\n{string.Join('\n', (await File.ReadAllLinesAsync(Log)).TakeLast(20))}", error);
            }
        }
    }

    /// <summary>A fresh database with the statements of a script run in it.</summary>
    public async Task<string> CreateDatabaseAsync(string script)
    {
        var name = $"site_{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync("mysql", $"CREATE DATABASE {name}");
        await ExecuteAsync(name, script);
        return name;
    }

    public int Port { get; } = Ports.Free();

    /// <summary>As the commands take it.</summary>
    /// <param name="database">Which of its databases.</param>
    /// <param name="port">Of what stands before it.</param>
    public string UrlOf(string database, int? port = null) => string.Create(CultureInfo.InvariantCulture, $"mysql://root@127.0.0.1:{port ?? Port}/{database}");

    public async Task ExecuteAsync(string database, string script)
    {
        await using var connection = new MySqlConnection(ConnectionString(database));
        await connection.OpenAsync();
        await using var command = new MySqlCommand(script, connection) { CommandTimeout = 600 };
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The rows of a question, each its values with a bar between them.</summary>
    public async Task<string[]> QueryAsync(string database, string sql)
    {
        await using var connection = new MySqlConnection(ConnectionString(database));
        await connection.OpenAsync();
        await using var command = new MySqlCommand(sql, connection) { CommandTimeout = 600 };
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(column => reader.IsDBNull(column) ? "" : Convert.ToString(reader.GetValue(column), CultureInfo.InvariantCulture))));
        return [.. rows];
    }

    private string DataFolder => Path.Combine(_folder, "data");

    private string Log => Path.Combine(_folder, "log");

    private string ConnectionString(string database) =>
        new MySqlConnectionStringBuilder { Server = "127.0.0.1", Port = (uint)Port, UserID = "root", Database = database, Pooling = false, AllowUserVariables = true, TreatTinyAsBoolean = false }.ConnectionString;
}
