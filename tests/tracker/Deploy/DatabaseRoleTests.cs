using System.Diagnostics;
using System.Net;
using Npgsql;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Deploy;

/// <summary>What the tracker may do in the database: whatever it wants in its own, and nothing elsewhere.</summary>
public sealed class DatabaseRoleTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const string Name = "plain_role";

    [Fact]
    public async Task The_role_that_containers_make_owns_its_database_and_is_enough_for_the_tracker()
    {
        await MakeRoleAsync();
        await using (var server = NpgsqlDataSource.Create(postgres.ConnectionString))
        {
            // Of all that a role may be: one that logs in, with a password.
            Assert.Equal("f f f f f t SCRAM-SHA-256", await TextAsync(server,
                "SELECT format('%s %s %s %s %s %s %s', rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolcanlogin, split_part(rolpassword, '$', 1)) "
                + $"FROM pg_authid WHERE rolname = '{Name}'"));
            Assert.Equal($"{Name} UTF8", await TextAsync(server, $"SELECT datdba::regrole || ' ' || pg_encoding_to_char(encoding) FROM pg_database WHERE datname = '{Name}'"));
            Assert.Equal("", await TextAsync(server, $"SELECT concat(string_agg(granted.roleid::regrole::text, ' ')) FROM pg_auth_members granted WHERE member = '{Name}'::regrole"));
            await using var other = server.CreateCommand("CREATE ROLE somebody_else LOGIN");
            await other.ExecuteNonQueryAsync();
        }

        var own = new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Username = Name, Database = Name }.ConnectionString;
        await using (var node = await NodeProcess.StartNodeAsync(own))
        {
            var sender = await Member.RegisteredAsync(node.Http, "sender");
            var receiver = await Member.RegisteredAsync(node.Http, "receiver");
            var (status, answer) = await sender.ReportAsync(node.Http, receiver.Receipt(sender, "a piece"));
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Equal(1, (int)answer["verified_receipts"]!);
            Assert.Equal(1, (await new Announcer(node).AnnounceAsync(Announcer.NewTorrent(), 1, 1)).Incomplete);
            Assert.Equal(HttpStatusCode.OK, (await node.Http.PostTextAsync("/config", """{"receipt_window":7200}""")).Status);
        }

        var stranger = new NpgsqlConnectionStringBuilder(own) { Username = "somebody_else", Pooling = false }.ConnectionString;
        await using var refused = new NpgsqlConnection(stranger);
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await Assert.ThrowsAsync<PostgresException>(() => refused.OpenAsync())).SqlState);
    }

    /// <summary>Runs the script that PostgreSQL's image runs when it creates its data.</summary>
    private async Task MakeRoleAsync()
    {
        var superuser = new NpgsqlConnectionStringBuilder(postgres.ConnectionString);
        var start = new ProcessStartInfo("sh", [Path.Combine(AppContext.BaseDirectory, "deploy", "postgres-init.sh")]) { RedirectStandardError = true };
        start.Environment["PGHOST"] = superuser.Host;
        start.Environment["POSTGRES_USER"] = superuser.Username;
        start.Environment["PBTS_DATABASE_NAME"] = Name;
        start.Environment["PBTS_DATABASE_PASSWORD"] = "what's \"quoted\" \\ and $HOME; DROP";
        using var script = Process.Start(start)!;
        var errors = await script.StandardError.ReadToEndAsync();
        await script.WaitForExitAsync();
        Assert.True(script.ExitCode == 0, errors);
    }

    private static async Task<string> TextAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
