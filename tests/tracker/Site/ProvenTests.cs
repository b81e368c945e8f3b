using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Grains.Database;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Site;

/// <summary>What receipts and vouchers prove is touched by no policy; where it is what counts, it is credited with the factors that hold when it is committed.</summary>
public sealed class ProvenTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Theory]
    [InlineData("proven", 150, 0)]
    [InlineData("credited", 0, 0)]
    public async Task Freeleech_changes_nothing_that_is_proven(string basis, int creditedUp, int creditedDown)
    {
        // The same transfers with and without every kind of favour: the same totals, and the same evidence but for keys and times.
        var plain = await TransferAsync(basis, favours: false);
        var favoured = await TransferAsync(basis, favours: true);
        Assert.Equal(plain.Proven, favoured.Proven);
        Assert.Equal(plain.Sessions, favoured.Sessions);
        Assert.NotEmpty(plain.Sessions);
        var total = plain.Proven[0].Up;
        Assert.Equal((basis == "proven" ? total : 0, basis == "proven" ? total : 0), plain.Credited);
        Assert.Equal((total * creditedUp / 100, total * creditedDown / 100), favoured.Credited);
    }

    private async Task<((long Up, long Down)[] Proven, string[] Sessions, (long Up, long Down) Credited)> TransferAsync(string basis, bool favours)
    {
        var name = await postgres.CreateDatabaseAsync();
        await using var database = NpgsqlDataSource.Create(name);
        await using var node = await NodeProcess.StartNodeAsync(name, ("Ratio__Basis", basis));
        var site = new SiteLab(database, node);
        var (sender, receiver) = (await Member.RegisteredAsync(node.Http, "sender"), await Member.RegisteredAsync(node.Http, "receiver"));
        // The torrent of the vouchers that tests sign.
        var sample = await receiver.VoucherAsync(node.Http, sender, "s0", 1);
        await database.ExecuteAsync("INSERT INTO site_torrents (info_hash, id) VALUES ($1, 1)", Convert.FromHexString((string)sample["infohash"]!));
        if (favours)
        {
            await database.ExecuteAsync("UPDATE site_torrents SET download_factor = 0, featured = false, upload_factor = 150");
            await database.ExecuteAsync("INSERT INTO freeleech_tokens (member, info_hash) SELECT users.id, info_hash FROM users, site_torrents");
            await database.ExecuteAsync("UPDATE users SET freeleech_until = 'infinity'");
            await database.ExecuteAsync("INSERT INTO site_groups (id, name, download_factor, upload_factor) VALUES (1, 'all', 0, 120)");
            await site.SetAsync("UPDATE users SET group_id = 1");
        }

        foreach (var (session, bytes) in new[] { ("s1", 70_000), ("s1", 100_000), ("s2", 123_456), ("s2", 123_456) })
            await sender.ReportVouchersAsync(node.Http, await receiver.VoucherAsync(node.Http, sender, session, bytes));
        var (up, down) = (await sender.TotalsAsync(node.Http), await receiver.TotalsAsync(node.Http));
        var sessions = await database.QueryAsync("SELECT bytes || '/' || credited FROM voucher_sessions ORDER BY bytes", row => row.GetString(0));
        var credited = (await database.QueryAsync("SELECT sum(credited_uploaded)::bigint, sum(credited_downloaded)::bigint FROM users", row => (row.GetInt64(0), row.GetInt64(1)))).Single();
        Assert.True(await site.AddsUpAsync());
        Assert.True((bool)(await database.ValueAsync<bool>("SELECT bool_and(claimed_uploaded = 0 AND claimed_downloaded = 0) FROM users"))!);
        return ([up, down], [.. sessions], credited);
    }
}
