using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Npgsql;
using Pbts.Grains.Database;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Site;

/// <summary>A tracker of a site: torrents, groups and members as the site has said, and what is kept of their announces.</summary>
internal sealed class SiteLab(NpgsqlDataSource database, NodeProcess node)
{
    private static readonly IPAddress Other = IPAddress.Parse("127.0.0.2");
    private readonly Announcer _tracker = new(node);

    /// <summary>A registered torrent with a leecher that is nobody in particular, so that there is somebody to send to and to get from.</summary>
    public async Task<byte[]> NewTorrentAsync(long? id = null, int download = 100, int upload = 100)
    {
        var torrent = Announcer.NewTorrent();
        await database.ExecuteAsync("INSERT INTO site_torrents (info_hash, id, download_factor, upload_factor) VALUES ($1, $2, $3, $4)", torrent, (object?)id ?? DBNull.Value, (short)download, (short)upload);
        Assert.Null((await _tracker.AnnounceAsync(torrent, 900, left: 5)).Failure);
        return torrent;
    }

    /// <summary>Says something else of a torrent, and waits the second that it may take.</summary>
    public async Task SetAsync(string sql, params object[] values)
    {
        await database.ExecuteAsync(sql, values);
        await Task.Delay(1000);
    }

    public Task<TrackerReply> AnnounceAsync(Member member, byte[] torrent, long left = 5, long up = 0, long down = 0, string more = "", int peer = 1) =>
        _tracker.GetAsync(Announcer.Target(torrent, peer, left, more, "/announce/" + member.Passkey)
            .Replace("uploaded=0&downloaded=0", $"uploaded={up}&downloaded={down}", StringComparison.Ordinal), from: Other);

    public async Task<(long Up, long Down, long CreditedUp, long CreditedDown)> HistoryAsync(Member member, byte[] torrent)
    {
        await using var command = database.CreateCommand("SELECT h.uploaded, h.downloaded, h.credited_uploaded, h.credited_downloaded FROM history AS h JOIN users ON users.id = member WHERE user_id = $1 AND info_hash = $2");
        command.Parameters.Add(new() { Value = member.UserId });
        command.Parameters.Add(new() { Value = torrent });
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync() ? (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3)) : default;
    }

    public async Task ExpectHistoryAsync(Member member, byte[] torrent, (long, long, long, long) expected)
    {
        (long, long, long, long) seen = default;
        for (var tries = 0; (seen = await HistoryAsync(member, torrent)) != expected; tries++)
        {
            Assert.True(tries < 100, $"{member.UserId} has {seen}, not {expected}");
            await Task.Delay(100);
        }
    }

    public async Task<object?> ScalarAsync(string sql)
    {
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Whether every member's history adds up to what is credited to it, without the baseline.</summary>
    public async Task<bool> AddsUpAsync() => (long)(await ScalarAsync("""
        SELECT count(*) FROM users LEFT JOIN (SELECT member, sum(credited_uploaded) AS up, sum(credited_downloaded) AS down FROM history GROUP BY member) AS h ON h.member = users.id
        WHERE credited_uploaded - baseline_uploaded <> coalesce(up, 0) OR credited_downloaded - baseline_downloaded <> coalesce(down, 0)
        """))! == 0;

    /// <summary>What the site is told, in order.</summary>
    public async Task<List<JsonElement>> ChangesAsync()
    {
        var lines = new List<JsonElement>();
        await using var command = database.CreateCommand("SELECT lines FROM site_changes ORDER BY id");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            using var text = new StreamReader(new GZipStream(new MemoryStream(reader.GetFieldValue<byte[]>(0)), CompressionMode.Decompress));
            while (await text.ReadLineAsync() is { } line)
                lines.Add(JsonSerializer.Deserialize<JsonElement>(line));
        }

        return lines;
    }
}
