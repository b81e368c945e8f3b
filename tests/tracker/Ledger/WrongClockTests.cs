using System.Diagnostics;
using System.Net;
using Npgsql;
using Pbts.Grains.Database;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Ledger;

/// <summary>Machines whose clocks are wrong, beside one whose is right.</summary>
public sealed class WrongClockTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Theory]
    [InlineData(0, null)]
    [InlineData(59, null)]
    [InlineData(-59, null)]
    [InlineData(61, "ahead of")]
    [InlineData(-61, "behind")]
    public void A_minute_is_told_from_a_wrong_clock(int seconds, string? problem)
    {
        var said = DatabaseClock.Describe(TimeSpan.FromSeconds(seconds));
        Assert.Equal(problem is null, said is null);
        Assert.Contains(problem ?? "", said ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_forty_days_ahead_does_not_start_and_harms_nothing()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database);
        var (alice, bob) = (await Member.RegisteredAsync(node.Http, "alice"), await Member.RegisteredAsync(node.Http, "bob"));
        Assert.Equal(["accepted"], (await alice.ReportAsync(node.Http, bob.Receipt(alice, "before"))).Answer.Statuses());
        var floor = await FloorAsync(database);

        await using var silo = NodeProcess.Launch("Pbts.Silo.dll", database, [("PBTS_ROLE", "silo"), .. Faketime, ("FAKETIME", "+40d")]);
        for (uint i = 0; !silo.HasExited; i++)
        {
            Assert.Equal(["accepted"], (await alice.ReportAsync(node.Http, bob.Receipt(alice, "meanwhile", i))).Answer.Statuses());
            await Task.Delay(100);
        }

        await silo.WaitForExitAsync();
        Assert.Equal(78, silo.ExitCode);
        Assert.Contains("Configuration: the clock of this machine is", silo.Log, StringComparison.Ordinal);
        Assert.Contains("ahead of the database's", silo.Log, StringComparison.Ordinal);
        Assert.Equal(floor, await FloorAsync(database));
        Assert.Equal(["accepted"], (await alice.ReportAsync(node.Http, bob.Receipt(alice, "after"))).Answer.Statuses());
    }

    [Fact]
    public async Task A_silo_whose_clock_jumps_is_not_ready_and_says_why_and_drops_nothing()
    {
        var database = await postgres.CreateDatabaseAsync();
        var time = Path.GetTempFileName();
        await File.WriteAllTextAsync(time, "+0");
        try
        {
            await using var node = await NodeProcess.StartNodeAsync(database, [.. Faketime, ("FAKETIME_TIMESTAMP_FILE", time), ("FAKETIME_CACHE_DURATION", "1")]);
            var (alice, bob) = (await Member.RegisteredAsync(node.Http, "alice"), await Member.RegisteredAsync(node.Http, "bob"));
            var floor = await FloorAsync(database);
            await File.WriteAllTextAsync(time, "+40d");
            Assert.Contains("ahead of the database's", await ReadyAsync(node, HttpStatusCode.ServiceUnavailable), StringComparison.Ordinal);
            // What decides is the database's clock: receipts of now are fresh, those that this machine takes for fresh are not.
            Assert.Equal(["accepted", "future"], (await alice.ReportAsync(node.Http,
                bob.Receipt(alice, "now"), bob.Receipt(alice, "then", timestamp: Member.Now + (40 * 86400)))).Answer.Statuses());
            Assert.Equal(floor, await FloorAsync(database));
            await File.WriteAllTextAsync(time, "+0");
            Assert.Equal("ready", await ReadyAsync(node, HttpStatusCode.OK));
        }
        finally
        {
            File.Delete(time);
        }
    }

    /// <summary>Wall clocks only: what waits goes on to wait as long as it should.</summary>
    private static (string, string)[] Faketime { get; } =
    [
        ("LD_PRELOAD", Directory.EnumerateFiles("/usr/lib", "libfaketimeMT.so.1", SearchOption.AllDirectories).First()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("DONT_FAKE_MONOTONIC", "1"),
    ];

    private static async Task<string> ReadyAsync(NodeProcess node, HttpStatusCode expected)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            using var answer = await node.Http.GetAsync("/health/ready");
            var text = await answer.Content.ReadAsStringAsync();
            if (answer.StatusCode == expected)
                return text;
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), $"{text}\n{node.Log}");
        }
    }

    private static async Task<long> FloorAsync(string connection)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        await using var command = database.CreateCommand("SELECT epoch FROM receipt_floor");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
