using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Site;

/// <summary>What a site reads of changes: whole batches in one order, waiting for them where it likes, and told when it has missed some.</summary>
public sealed class SiteChangesTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Batches_are_read_whole_in_order_from_where_the_last_call_ended()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var source = NpgsqlDataSource.Create(database);
        await using var node = await NodeProcess.StartNodeAsync(database);
        Assert.Equal((HttpStatusCode.OK, ""), await TextAsync(node, "changes"));
        var cursors = new List<long>();
        for (var i = 0; i < 45; i++)
            cursors.Add(await AddAsync(source, $$"""{"kind":"member","user_id":"ä{{i}}","uploaded":{{i}}}""", $$"""{"kind":"torrent","infohash":"{{new string('a', 40)}}","torrent_id":null}"""));

        // More than are read at once, and fewer than there are.
        var (read, last) = await ReadAsync(node, "changes?after=0&limit=44");
        Assert.Equal(88, read.Count);
        Assert.Equal(cursors[43], last);
        for (var i = 0; i < 44; i++)
        {
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse($$"""{"kind":"member","user_id":"ä{{i}}","uploaded":{{i}},"cursor":{{cursors[i]}}}"""), read[2 * i]), read[2 * i].ToJsonString());
            Assert.Equal(("torrent", cursors[i]), ((string)read[2 * i + 1]["kind"]!, (long)read[2 * i + 1]["cursor"]!));
        }

        (read, last) = await ReadAsync(node, $"changes?after={last}");
        Assert.Equal((2, cursors[44]), (read.Count, last));
        Assert.Equal((HttpStatusCode.OK, ""), await TextAsync(node, $"changes?after={last}"));
        Assert.Equal(90, (await ReadAsync(node, "changes")).Lines.Count);
        using var answer = await node.Http.GetAsync("/api/v1/changes");
        Assert.Equal("application/x-ndjson", answer.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task A_call_waits_for_what_comes_and_no_longer_than_it_says_and_not_too_many_wait_at_once()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var source = NpgsqlDataSource.Create(database);
        await using var node = await NodeProcess.StartNodeAsync(database);
        var waited = Stopwatch.StartNew();
        Assert.Equal((HttpStatusCode.OK, ""), await TextAsync(node, "changes?wait=1"));
        Assert.InRange(waited.Elapsed.TotalSeconds, 0.9, 10);

        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 100 }) { BaseAddress = node.Url, Timeout = TimeSpan.FromSeconds(60) };
        var calls = Enumerable.Range(0, 40).Select(_ => client.GetAsync("/api/v1/changes?wait=30")).ToList();
        await Wait.UntilAsync(() => Task.FromResult(calls.Count(call => call.IsCompleted) == 8));
        var waiting = calls.Where(call => !call.IsCompleted).ToList();
        foreach (var call in calls.Except(waiting))
            Assert.Equal(HttpStatusCode.TooManyRequests, (await call).StatusCode);
        // Who does not wait is answered all the same.
        Assert.Equal((HttpStatusCode.OK, ""), await TextAsync(node, "changes"));
        Assert.DoesNotContain(waiting, call => call.IsCompleted);
        waited.Restart();
        var cursor = await AddAsync(source, """{"kind":"member","user_id":"a"}""");
        foreach (var call in waiting)
        {
            using var answer = await call;
            Assert.Equal($"{{\"kind\":\"member\",\"user_id\":\"a\",\"cursor\":{cursor}}}\n{{\"kind\":\"end\",\"cursor\":{cursor}}}\n", await answer.Content.ReadAsStringAsync());
        }

        Assert.True(waited.Elapsed < TimeSpan.FromSeconds(10), $"It took {waited.Elapsed.TotalSeconds:F1} s.");
        // Their places are free again, and so is that of one who hangs up.
        using (var impatient = new CancellationTokenSource(TimeSpan.FromSeconds(1)))
        {
            var gone = Enumerable.Range(0, 32).Select(_ => client.GetAsync($"/api/v1/changes?after={cursor}&wait=30", impatient.Token)).ToArray();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(gone));
        }

        await Wait.UntilAsync(async () => (await TextAsync(node, $"changes?after={cursor}&wait=1")).Status == HttpStatusCode.OK);
        // A node that stops waits for none of them.
        var last = client.GetAsync($"/api/v1/changes?after={cursor}&wait=30");
        await Wait.UntilAsync(async () => await IsWaitingAsync(source));
        waited.Restart();
        await node.StopAsync();
        Assert.True(waited.Elapsed < TimeSpan.FromSeconds(15), $"It took {waited.Elapsed.TotalSeconds:F1} s to stop.");
        await Task.WhenAny(last);
    }

    [Fact]
    public async Task A_cursor_that_is_not_kept_any_more_is_gone_and_the_answer_says_where_to_go_on()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var source = NpgsqlDataSource.Create(database);
        await using var node = await NodeProcess.StartNodeAsync(database);
        var cursors = new List<long>();
        for (var i = 0; i < 4; i++)
            cursors.Add(await AddAsync(source, $$"""{"kind":"member","user_id":"{{i}}"}"""));
        await using (var command = source.CreateCommand($"DELETE FROM site_changes WHERE id <= {cursors[1]}"))
            await command.ExecuteNonQueryAsync();
        // What comes after the second is all there; after the first one is missing.
        Assert.Equal(cursors[3], (await ReadAsync(node, $"changes?after={cursors[1]}")).Last);
        Assert.Equal(cursors[3], (await ReadAsync(node, "changes?after=0")).Last);
        // So is what a database knew that was replaced by an older one.
        foreach (var missing in (long[])[cursors[0], cursors[3] + 1])
        {
            var (status, answer) = await node.TrySiteAsync(HttpMethod.Get, $"changes?after={missing}");
            Assert.Equal((HttpStatusCode.Gone, false, cursors[3]), (status, (bool)answer["success"]!, (long)answer["cursor"]!));
            Assert.Contains("list /api/v1/members and /api/v1/history anew", (string)answer["error"]!, StringComparison.Ordinal);
        }

        Assert.Equal((HttpStatusCode.OK, ""), await TextAsync(node, $"changes?after={cursors[3]}"));
    }

    private static async Task<long> AddAsync(NpgsqlDataSource source, params string[] lines)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
            gzip.Write(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => $"{line}\n"))));
        await using var command = source.CreateCommand("INSERT INTO site_changes (batch, lines) VALUES (gen_random_uuid(), $1) RETURNING id");
        command.Parameters.Add(new() { Value = compressed.ToArray() });
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>The lines of whole batches, and the cursor of the last.</summary>
    private static async Task<(List<JsonObject> Lines, long Last)> ReadAsync(NodeProcess node, string path)
    {
        var (status, text) = await TextAsync(node, path);
        Assert.Equal(HttpStatusCode.OK, status);
        var (lines, last) = (new List<JsonObject>(), 0L);
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject()))
        {
            var cursor = (long)line["cursor"]!;
            Assert.True(cursor > last, "Nothing of a batch comes after its end.");
            if ((string)line["kind"]! == "end")
                last = cursor;
            else
                lines.Add(line);
        }

        Assert.EndsWith($"{{\"kind\":\"end\",\"cursor\":{last}}}\n", text, StringComparison.Ordinal);
        return (lines, last);
    }

    private static async Task<(HttpStatusCode Status, string Text)> TextAsync(NodeProcess node, string path)
    {
        using var answer = await node.Http.GetAsync($"/api/v1/{path}");
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Whether somebody has asked for changes just now.</summary>
    private static async Task<bool> IsWaitingAsync(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sequence_last_value%' AND pid <> pg_backend_pid() AND now() - query_start < interval '1 second'");
        return (long)(await command.ExecuteScalarAsync())! > 0;
    }
}
