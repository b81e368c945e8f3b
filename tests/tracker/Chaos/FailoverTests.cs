using System.Diagnostics;
using System.Net;
using Npgsql;
using Pbts.Load;
using Pbts.Protocol.Vouchers;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Chaos;

/// <summary>
/// Two nodes on a primary with a synchronous standby, which is promoted in the middle of 10,000 vouchers: nothing that was
/// acknowledged is lost, whether the old primary has ended or only does not answer.
/// </summary>
[Trait("suite", "slow"), Collection("alone")]
public sealed class FailoverTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly PostgresServer _first = new() { Rewinds = true };
    private PostgresServer _second = null!;
    private string _database = "";

    public async Task InitializeAsync()
    {
        await _first.InitializeAsync();
        _database = await _first.CreateDatabaseAsync();
        _second = new() { Primary = _first };
        await _second.InitializeAsync();
        await _first.WaitForAsync(_second.Name);
        await StreamsAsync(_first, "sync");
    }

    public async Task DisposeAsync()
    {
        _first.Thaw();
        await _second.DisposeAsync();
        await _first.DisposeAsync();
    }

    [Fact]
    public Task A_primary_that_is_killed_takes_nothing_along_that_was_acknowledged() => FailOverAsync(async acknowledgements =>
    {
        await _first.DestroyAsync();
        var known = acknowledgements();
        await _second.PromoteAsync();
        return known;
    }, _ => Task.CompletedTask);

    [Fact]
    public Task A_primary_that_comes_back_after_its_standby_was_promoted_acknowledges_nothing() => FailOverAsync(async acknowledgements =>
    {
        _first.Freeze();
        var known = acknowledgements();
        await _second.PromoteAsync();
        return known;
    }, async load =>
    {
        var before = load.Acknowledged;
        await Wait.UntilAsync(() => Task.FromResult(load.Acknowledged > before + 500), "Nothing is acknowledged after the promotion.", TimeSpan.FromMinutes(1));
        // Now there are two that take themselves for the primary.
        _first.Thaw();
        Assert.True(load.Acknowledged < VoucherBacklog.Vouchers, "All was delivered before the old primary came back.");
        await using var stale = new NpgsqlConnection(_first.Here(_database) + ";Pooling=false;Command Timeout=3");
        await stale.OpenAsync();
        var warned = false;
        stale.Notice += (_, e) => warned |= e.Notice.Routine == "SyncRepWaitForLSN";
        await using var write = new NpgsqlCommand("INSERT INTO settings (name, value) VALUES ('lost', '1')", stale);
        await write.ExecuteNonQueryAsync();
        Assert.True(warned, "The old primary took a write without its standby.");
    });

    private async Task FailOverAsync(Func<Func<Dictionary<VoucherId, long>>, Task<Dictionary<VoucherId, long>>> promoteAsync, Func<VoucherBacklog, Task> afterwardsAsync)
    {
        var either = _first.OrOn(_second, _database);
        await using var one = await NodeProcess.StartNodeAsync(either, ("PBTS_NAME", "node-1"));
        await using var two = await NodeProcess.StartNodeAsync(either, ("PBTS_NAME", "node-2"));
        try
        {
            var load = await VoucherBacklog.CreateAsync(one.Http);
            using var announces = new OneShotLoad(new IPEndPoint(IPAddress.Loopback, one.Port));
            announces.Start(announcesPerSecond: 30, scrapesPerSecond: 3);
            var clock = Stopwatch.StartNew();
            var running = load.RunAsync([one.Http, two.Http]);
            await Wait.UntilAsync(() => Task.FromResult(load.Acknowledged > VoucherBacklog.Vouchers / 3 || running.IsCompleted), "The load does not get on.", TimeSpan.FromMinutes(2));
            Assert.False(running.IsCompleted, "All was delivered before the primary could be killed.");

            var known = await promoteAsync(() => load.Acknowledgements);
            var promoted = Stopwatch.GetTimestamp();
            var lost = await VoucherBacklog.CountLostAsync(_second.Here(_database), known);
            await Wait.UntilAsync(() => Task.FromResult(load.LastAcknowledged > promoted), "No report is acknowledged after the promotion.", TimeSpan.FromMinutes(1));
            var first = Stopwatch.GetElapsedTime(promoted, load.LastAcknowledged);
            output.WriteLine($"{known.Count} sessions had been acknowledged, of which {lost} lost something; first report {first.TotalSeconds:F1} s after the promotion");
            Assert.Equal(0, lost);

            await afterwardsAsync(load);
            await running;
            await announces.StopAsync();
            output.WriteLine($"{VoucherBacklog.Vouchers} vouchers in {clock.Elapsed.TotalSeconds:F0} s, {load.Again} reports made again; {announces.Announces.Sent} announces, {announces.Announces.Failed} failed, slowest {announces.Announces.Slowest.TotalSeconds:F1} s: {string.Join(", ", announces.Announces.Failures)}");
            await load.AssertExactAsync(one.Http, _second.Here(_database));
            await load.AssertExactAsync(two.Http, _second.Here(_database));
            Assert.Equal(0, await VoucherBacklog.CountLostAsync(_second.Here(_database), load.Acknowledgements));
            Assert.True(announces.Announces.Failed * 100 <= announces.Announces.Sent, string.Join(", ", announces.Announces.Failures));

            await ReturnAsync();
            // The nodes go on with the standby that the old primary has become.
            var (sender, receiver) = (await Member.RegisteredAsync(one.Http, "late"), await Member.RegisteredAsync(two.Http, "later"));
            Assert.Equal(["accepted"], (await sender.ReportAsync(two.Http, receiver.Receipt(sender, "after"))).Answer.Statuses());
            Assert.Equal(1L, await _first.ScalarAsync("SELECT count(*) FROM pg_stat_wal_receiver"));
        }
        catch (Exception)
        {
            output.WriteLine($"{one.Log}\n\n{two.Log}");
            throw;
        }
    }

    /// <summary>Makes the old primary a synchronous standby of the new one, as <c>docs/operations.md</c> says.</summary>
    private async Task ReturnAsync()
    {
        await _first.StopAsync();
        await _first.FollowAsync(_second);
        await _second.WaitForAsync(_first.Name);
        await StreamsAsync(_second, "sync");
        Assert.Equal(true, await _first.ScalarAsync("SELECT pg_is_in_recovery()"));
        Assert.Equal("25006", (await Assert.ThrowsAsync<PostgresException>(() => _first.ExecuteAsync("CREATE TABLE never ()"))).SqlState);
    }

    private static Task StreamsAsync(PostgresServer primary, string state) => Wait.UntilAsync(
        async () => (long)(await primary.ScalarAsync($"SELECT count(*) FROM pg_stat_replication WHERE sync_state = '{state}' AND state = 'streaming'"))! == 1, "The standby does not stream.");
}
