using System.Net;
using Npgsql;
using Pbts.Grains.Database;
using Pbts.Hosting.Configuration;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Database;

/// <summary>A server whose standby is away: what it has committed by itself would be lost with it, so nothing of that is acknowledged.</summary>
public sealed class SynchronousCommitTests : IAsyncLifetime
{
    private const string Nobody = "nobody";

    private readonly PostgresServer _postgres = new();

    public Task InitializeAsync() => _postgres.InitializeAsync();

    public Task DisposeAsync() => _postgres.DisposeAsync();

    [Fact]
    public async Task A_report_is_not_acknowledged_before_the_standby_has_it_nor_when_it_is_made_again()
    {
        await using var node = await NodeProcess.StartNodeAsync(await _postgres.CreateDatabaseAsync(), ("Receipts__LedgerTimeout", "1"));
        var (sender, receiver) = (await Member.RegisteredAsync(node.Http, "sender"), await Member.RegisteredAsync(node.Http, "receiver"));
        var voucher = await receiver.VoucherAsync(node.Http, sender, "session", 5000);
        var receipt = receiver.Receipt(sender, "piece");

        await _postgres.WaitForAsync(Nobody);
        // Each commit is given up after a second, and is on this server from then on. The second attempt finds what the first
        // has left, and reads all of it as a duplicate.
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await sender.ReportVouchersAsync(node.Http, voucher)).Status);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await sender.ReportAsync(node.Http, receipt)).Status);
        }

        await _postgres.WaitForAsync(null);
        Assert.Equal("duplicate", (string?)(await sender.ReportVouchersAsync(node.Http, voucher)).Answer["voucher_results"]![0]!["status"]);
        Assert.Equal(["duplicate"], (await sender.ReportAsync(node.Http, receipt)).Answer.Statuses());
        Assert.Equal((6000, 0), await sender.TotalsAsync(node.Http));
    }

    [Fact]
    public async Task A_change_whose_wait_somebody_cancels_is_not_acknowledged()
    {
        await using var database = NpgsqlDataSource.Create(await _postgres.CreateDatabaseAsync(migrated: false));
        await database.ExecuteAsync("CREATE TABLE note (text text)");
        await _postgres.WaitForAsync(Nobody);
        var change = database.ExecuteAsync("INSERT INTO note VALUES ('here alone')");
        await Wait.UntilAsync(async () => (long)(await _postgres.ScalarAsync("SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"))! > 0);
        Assert.Contains("before the standby had it", (await Assert.ThrowsAsync<NpgsqlException>(() => change)).Message, StringComparison.Ordinal);
        Assert.Equal("here alone", await database.ValueAsync<string>("SELECT text FROM note"));
    }

    [Fact]
    public async Task A_server_that_has_become_read_only_is_left_and_found_again_when_it_takes_writes()
    {
        await using var database = NpgsqlDataSource.Create(await _postgres.CreateDatabaseAsync(migrated: false));
        await database.ExecuteAsync("CREATE TABLE note (text text)");
        var before = await database.ValueAsync<int>("SELECT pg_backend_pid()");
        await SetAsync("default_transaction_read_only = on");
        Assert.Equal("25006", (await Assert.ThrowsAsync<PostgresException>(() => database.ExecuteAsync("INSERT INTO note VALUES ('never')"))).SqlState);
        Assert.NotEqual(before, await database.ValueAsync<int>("SELECT pg_backend_pid()"));
        await SetAsync("default_transaction_read_only = off");
        Assert.Equal(1, await database.ExecuteAsync("INSERT INTO note VALUES ('once')"));
    }

    [Theory]
    [InlineData("off", null, "answers before anything is on disk: set it to on")]
    [InlineData("local", Nobody, "answers before the standby has anything: set it to on")]
    public async Task A_server_that_would_acknowledge_what_may_be_lost_is_refused(string commit, string? standby, string problem)
    {
        var database = new NpgsqlConnectionStringBuilder(await _postgres.CreateDatabaseAsync()) { Options = $"-c synchronous_commit={commit}" };
        if (standby is not null)
            await _postgres.WaitForAsync(standby);
        await using var node = NodeProcess.Launch("Pbts.Silo.dll", database.ConnectionString);
        await node.WaitForExitAsync();
        Assert.Equal(78, node.ExitCode);
        Assert.Contains($"synchronous_commit is {commit}", node.Log, StringComparison.Ordinal);
        Assert.Contains(problem, node.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_hosts_without_a_word_on_which_to_write_to_are_refused()
    {
        await using var node = NodeProcess.Launch("Pbts.Silo.dll", "Host=a,b;Database=pbts;Username=pbts");
        await node.WaitForExitAsync();
        Assert.Equal(78, node.ExitCode);
        Assert.Contains("PBTS_DATABASE (Node:Database) names several hosts: write \"Target Session Attributes=primary\"", node.Log, StringComparison.Ordinal);
    }

    private async Task SetAsync(string setting)
    {
        await _postgres.ExecuteAsync($"ALTER SYSTEM SET {setting}");
        await _postgres.ExecuteAsync("SELECT pg_reload_conf()");
        var (name, value) = (setting.Split(' ')[0], setting.Split(' ')[^1]);
        await Wait.UntilAsync(async () => await _postgres.ScalarAsync($"SHOW {name}") is string now && now == value);
    }
}
