using Npgsql;
using Pbts.Grains.Chain.Sync;
using Pbts.Grains.Database;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Site;

/// <summary>What receipts and vouchers prove is touched by no policy; where it is what counts, it is credited with the factors that hold when it is committed.</summary>
public sealed class ProvenTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly (string Session, long Bytes)[] Vouchers = [("s1", 70_000), ("s1", 100_001), ("s2", 123_456), ("s2", 123_456)];

    private static readonly long[] Deltas = [70_000, 30_001, 123_456];

    [Theory]
    [InlineData("proven", 1)]
    [InlineData("proven", 2)]
    [InlineData("proven", 3)]
    [InlineData("proven", 4)]
    [InlineData("credited", 5)]
    public async Task Whatever_favours_there_are_proven_totals_evidence_and_what_goes_to_the_contract_are_the_same(string basis, int seed)
    {
        // The same transfers without and with favours drawn by chance.
        var plain = await TransferAsync(basis, favours: null);
        var favoured = await TransferAsync(basis, new Random(seed));
        Assert.Equal((Deltas.Sum(), Deltas.Sum()), (plain.Proven[0].Up, plain.Proven[1].Down));
        Assert.Equal(plain.Proven, favoured.Proven);
        Assert.Equal(plain.Sessions, favoured.Sessions);
        Assert.Equal(plain.ToContract, favoured.ToContract);
        Assert.Equal([(Deltas.Sum(), 0L), (0L, Deltas.Sum())], plain.ToContract);
        Assert.Equal(basis == "proven" ? (Deltas.Sum(), Deltas.Sum()) : default, plain.Credited);
        Assert.Equal(basis == "proven" ? favoured.Expected : default, favoured.Credited);
    }

    private async Task<((long Up, long Down)[] Proven, string[] Sessions, (long Up, long Down)[] ToContract, (long Up, long Down) Credited, (long Up, long Down) Expected)> TransferAsync(string basis, Random? favours)
    {
        var name = await postgres.CreateDatabaseAsync();
        await using var database = NpgsqlDataSource.Create(name);
        await using var node = await NodeProcess.StartNodeAsync(name, ("Ratio__Basis", basis));
        var site = new SiteLab(database, node);
        var (sender, receiver) = (await Member.RegisteredAsync(node.Http, "sender"), await Member.RegisteredAsync(node.Http, "receiver"));
        // The torrent of the vouchers that tests sign.
        var sample = await receiver.VoucherAsync(node.Http, sender, "s0", 1);
        await database.ExecuteAsync("INSERT INTO site_torrents (info_hash, id) VALUES ($1, 1)", Convert.FromHexString((string)sample["infohash"]!));
        var (expectedDown, expectedUp) = (100, 100);
        if (favours is not null)
        {
            var (down, up) = (Enumerable.Range(0, 3).Select(_ => favours.Next(150)).ToArray(), Enumerable.Range(0, 3).Select(_ => favours.Next(400)).ToArray());
            var (isFeatured, isFree, hasToken) = (favours.Next(3) == 0, favours.Next(4) == 0, favours.Next(4) == 0);
            await database.ExecuteAsync("UPDATE site_torrents SET download_factor = $1, upload_factor = $2, featured = $3", (short)down[0], (short)up[0], isFeatured);
            await database.ExecuteAsync("UPDATE site_factors SET download_factor = $1, upload_factor = $2", (short)down[1], (short)up[1]);
            await database.ExecuteAsync("INSERT INTO site_groups (id, name, download_factor, upload_factor) VALUES (1, 'all', $1, $2)", (short)down[2], (short)up[2]);
            if (hasToken)
                await database.ExecuteAsync("INSERT INTO freeleech_tokens (member, info_hash) SELECT users.id, info_hash FROM users, site_torrents");
            await site.SetAsync("UPDATE users SET group_id = 1, freeleech_until = CASE WHEN $1 THEN 'infinity'::timestamptz END", isFree);
            (expectedDown, expectedUp) = (isFeatured || isFree || hasToken ? 0 : Math.Min(100, down.Min()), Math.Max(isFeatured ? 200 : 100, up.Max()));
        }

        foreach (var (session, bytes) in Vouchers)
            await sender.ReportVouchersAsync(node.Http, await receiver.VoucherAsync(node.Http, sender, session, bytes));
        var (given, got) = (await sender.TotalsAsync(node.Http), await receiver.TotalsAsync(node.Http));
        var sessions = await database.QueryAsync("SELECT bytes || '/' || credited FROM voucher_sessions ORDER BY bytes", row => row.GetString(0));
        var toContract = await new MemberSyncStore(database).ReadNewcomersAsync(EthereumAddress.Zero, 10);
        var credited = (await database.QueryAsync("SELECT sum(credited_uploaded)::bigint, sum(credited_downloaded)::bigint FROM users", row => (row.GetInt64(0), row.GetInt64(1)))).Single();
        Assert.True(await site.AddsUpAsync());
        Assert.True(await database.ValueAsync<bool>("SELECT bool_and(claimed_uploaded = 0 AND claimed_downloaded = 0) FROM users"));
        return ([given, got], [.. sessions], [.. toContract.Select(member => ((long)member.Uploaded, (long)member.Downloaded))], credited,
            (Deltas.Sum(bytes => bytes * expectedUp / 100), Deltas.Sum(bytes => bytes * expectedDown / 100)));
    }
}
