using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Pbts.GrainInterfaces.Ledger;
using Pbts.Grains.Ledger;
using Pbts.Grains.Users;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Ledger;

/// <summary>A database with members, and several ledgers on it: what several silos are.</summary>
internal sealed class LedgerWorld(string connection) : IAsyncDisposable
{
    /// <summary>Epochs that are open by the database's clock, whatever the test's age.</summary>
    public static readonly long Epoch = (long)ReceiptTime.EpochOf((ulong)Member.Now) - 200;

    private readonly string _connection = connection;

    public required NpgsqlDataSource Database { get; init; }

    public required ReceiptPartitions Partitions { get; init; }

    public required ReceiptLedger[] Silos { get; init; }

    public List<long> Members { get; } = [];

    public static async Task<LedgerWorld> CreateAsync(PostgresServer postgres, int silos, int members = 2, ReceiptsOptions? options = null, TrackerOptions? tracker = null)
    {
        var connection = await postgres.CreateDatabaseAsync();
        var database = NpgsqlDataSource.Create(connection);
        var partitions = new ReceiptPartitions(database, NullLogger<ReceiptPartitions>.Instance);
        var meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
        // Sizes as they come and no limits: those have tests of their own.
        options ??= new() { Window = ReceiptsOptions.MaxWindow };
        options.Unregistered = ReceiptsOptions.Claimed;
        var rules = new CreditRules(
            Options.Create(options), Options.Create(tracker ?? new TrackerOptions { MinRatio = 0 }), Options.Create(new MembersOptions()), Options.Create(new TorrentsOptions()), Options.Create(new RatioOptions()));
        var world = new LedgerWorld(connection)
        {
            Database = database,
            Partitions = partitions,
            Silos = [.. Enumerable.Range(0, silos).Select(_ => new ReceiptLedger(database, partitions, rules, Options.Create(options), new LedgerMetrics(meters), meters, NullLogger<ReceiptLedger>.Instance))],
        };
        var users = new UserStore(database, TimeProvider.System);
        for (var i = 0; i < members; i++)
        {
            var key = MemberKey.From(RandomNumberGenerator.GetBytes(48));
            await users.RegisterAsync($"member{i}", Convert.ToBase64String(key.Span), key, proven: true, RandomNumberGenerator.GetHexString(32, lowercase: true));
            world.Members.Add((await users.FindAsync($"member{i}"))!.Id);
        }

        return world;
    }

    public LedgerEntry Entry(int sender, int receiver, long bytes = 1000, long? epoch = null) => new(
        epoch ?? Epoch, ReceiptId.From(RandomNumberGenerator.GetBytes(32)), Members[sender], Members[receiver], InfoHash.From(new byte[20]), 7, bytes);

    public async Task<List<(long Up, long Down)>> TotalsAsync()
    {
        var totals = new List<(long, long)>();
        await using var command = Database.CreateCommand("SELECT uploaded, downloaded FROM users ORDER BY id");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            totals.Add((reader.GetInt64(0), reader.GetInt64(1)));
        return totals;
    }

    /// <summary>Deadlocks in this database, once every process that may have met one has said so by ending.</summary>
    public async Task<long> DeadlocksAsync()
    {
        Database.Clear();
        await using var outside = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_connection) { Database = "postgres" });
        var name = new NpgsqlConnectionStringBuilder(_connection).Database!;
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            await using var command = outside.CreateCommand("SELECT numbackends, deadlocks FROM pg_stat_database WHERE datname = $1");
            command.Parameters.Add(new() { Value = name });
            await using var reader = await command.ExecuteReaderAsync();
            await reader.ReadAsync();
            if (reader.GetInt32(0) == 0)
                return reader.GetInt64(1);
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), "Connections stay open.");
        }
    }

    public async Task<object?> ScalarAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in Silos)
            await silo.DisposeAsync();
        await Database.DisposeAsync();
    }
}

/// <summary>What is handed in alone.</summary>
internal static class LedgerCalls
{
    public static async ValueTask<LedgerOutcome[]?> SpendAsync(this IReceiptLedger ledger, IReadOnlyList<LedgerEntry> receipts) => (await ledger.SettleAsync(receipts, []))?.Receipts;

    public static async ValueTask<VoucherOutcome[]?> CreditAsync(this IReceiptLedger ledger, IReadOnlyList<VoucherEntry> vouchers) => (await ledger.SettleAsync([], vouchers))?.Vouchers;
}
