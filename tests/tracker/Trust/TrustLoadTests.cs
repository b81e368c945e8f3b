using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Pbts.Grains.Database;
using Pbts.Grains.Trust;
using Pbts.Hosting.Configuration;
using Pbts.Tracker.Tests.Ledger;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Trust;

/// <summary>A computation over a ledger of a million sessions, and what reports notice of it.</summary>
[Collection("alone")]
public sealed class TrustLoadTests(PostgresServer postgres, ITestOutputHelper output) : IClassFixture<PostgresServer>
{
    private const int Sessions = 1_000_000;

    [Fact]
    [Trait("suite", "slow")]
    public async Task A_million_pairs_of_the_ledger_take_less_than_a_minute_while_reports_are_settled()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 1, members: 2);
        await using (var fill = world.Database.CreateCommand($"""
            INSERT INTO users (user_id, public_key, key, proven, passkey, registered_at)
            SELECT 'm' || n, encode(key, 'base64'), key, true, md5(n::text), now() FROM (SELECT n, substr(sha256(n::text::bytea) || sha256((-n)::text::bytea), 1, 48) AS key FROM generate_series(1, 10000) AS n) AS made;
            INSERT INTO voucher_sessions (sender, receiver, bytes, credited, opened, signed_at, id, info_hash, sender_key, receiver_key, session, signature)
            SELECT first + n % 9973, first + n % 7919, b, b, 1, 2, a, substr(a, 1, 20), substr(a || a, 1, 48), substr(a || a, 1, 48), substr(a, 1, 16), a || a || a
            FROM (SELECT n, (SELECT min(id) FROM users WHERE user_id = 'm1') AS first, sha256(n::text::bytea) AS a, 1000000 + n::bigint * 1009 % 1000000000 AS b FROM generate_series(1, {Sessions}) AS n) AS made
            """))
        {
            fill.CommandTimeout = 600;
            await fill.ExecuteNonQueryAsync();
        }

        await world.Partitions.EnsureAsync([LedgerWorld.Epoch]);
        var before = await SettleAsync(world, () => Task.Delay(5000));
        var clock = Stopwatch.StartNew();
        var job = new TrustJob(new TrustStore(world.Database), Options.Create(new TrustOptions())).RunAsync(asked: true, default);
        var during = await SettleAsync(world, () => job);
        var run = (await job).Run!;
        output.WriteLine($"{run.Edges} pairs of {run.Members} members in {clock.Elapsed.TotalSeconds:F1} s; a report settled in {before:F1} ms before, {during:F1} ms meanwhile (medians)");
        // The first 7,918 are of members with themselves.
        Assert.InRange(run.Edges, 990_000, Sessions);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"{clock.Elapsed}");
        Assert.True(during < 100 + (10 * before), $"{during} ms, {before} before");
        Assert.Equal(10_002L, await world.ScalarAsync("SELECT count(*) FROM trust_scores"));
    }

    /// <summary>The median time, in milliseconds, in which a receipt becomes durable until something is over.</summary>
    private static async Task<double> SettleAsync(LedgerWorld world, Func<Task> until)
    {
        var times = new List<double>();
        for (var over = until(); !over.IsCompleted;)
        {
            var clock = Stopwatch.StartNew();
            Assert.NotNull(await world.Silos[0].SpendAsync([world.Entry(0, 1, bytes: RandomNumberGenerator.GetInt32(1, 1000))]));
            times.Add(clock.Elapsed.TotalMilliseconds);
        }

        times.Sort();
        return times[times.Count / 2];
    }
}
