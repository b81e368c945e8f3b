using System.Text;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Announce;

[Collection("node")]
public sealed class EscapingTests(SharedNode shared)
{
    private readonly Announcer _tracker = new(shared.Node);

    [Fact]
    public async Task Every_byte_value_in_an_info_hash_names_the_same_swarm_in_either_hex_case()
    {
        foreach (var infoHash in AllBytes(offset: 0))
        {
            await _tracker.AnnounceAsync(infoHash, 1, 0);
            var upper = string.Concat(infoHash.Select(value => $"%{value:X2}"));
            var reply = await _tracker.GetAsync($"/announce?info_hash={upper}&peer_id=-XX0001-000000000002&port=2&left=0");
            Assert.Equal(2, reply.Complete);
        }
    }

    [Fact]
    public async Task Every_byte_that_can_stand_in_a_request_line_may_come_unescaped()
    {
        foreach (var infoHash in AllBytes(offset: 10))
        {
            await _tracker.AnnounceAsync(infoHash, 1, 0);
            byte[] raw = [.. "/announce?info_hash="u8];
            foreach (var value in infoHash)
                raw = value is (byte)'%' or (byte)'&' or (byte)'#' or (byte)' ' or (byte)'\r' or (byte)'\n' or 0
                    ? [.. raw, .. Encoding.ASCII.GetBytes($"%{value:x2}")] : [.. raw, value];
            var reply = new TrackerReply(await RawHttp.GetBodyAsync(_tracker.IPv4, [.. raw, .. "&peer_id=-XX0001-000000000003&port=3&left=0"u8]));
            Assert.Null(reply.Failure);
            Assert.Equal(2, reply.Complete);
        }
    }

    [Fact]
    public async Task A_plus_sign_is_a_plus_sign()
    {
        var infoHash = "++++++++++++++++++++"u8.ToArray();
        await _tracker.AnnounceAsync(infoHash, 1, 0);
        var raw = await _tracker.GetAsync("/announce?info_hash=++++++++++++++++++++&peer_id=-XX0001-000000000002&port=2&left=0");
        Assert.Equal(2, raw.Complete);
        var spaces = await _tracker.AnnounceAsync("                    "u8.ToArray(), 1, 0);
        Assert.Equal(1, spaces.Complete);
    }

    [Fact]
    public async Task A_semicolon_does_not_split_parameters()
    {
        var infoHash = ";port=0;left=0;;;;;;"u8.ToArray();
        var reply = await _tracker.GetAsync($"/announce?info_hash=;port=0;left=0;;;;;;&peer_id=-XX0001-000000000001&port=9&left=5");
        Assert.Null(reply.Failure);
        Assert.Equal(1, (await _tracker.ScrapeAsync(infoHash))!.Incomplete);
    }

    [Theory]
    [InlineData("%")]
    [InlineData("%1")]
    [InlineData("%zz")]
    [InlineData("%%20")]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("twenty-one-bytes-long")]
    public async Task A_broken_info_hash_is_refused_by_name(string infoHash)
    {
        var reply = await _tracker.GetAsync($"/announce?peer_id=-XX0001-000000000001&port=9&left=5&info_hash={infoHash}");
        Assert.Contains("info_hash", reply.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Captured_announces_of_real_clients_are_understood()
    {
        var seen = 0;
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "vectors", "client-announces"), "*.jsonl"))
        {
            foreach (var line in await File.ReadAllLinesAsync(file))
            {
                using var json = System.Text.Json.JsonDocument.Parse(line);
                if (!json.RootElement.TryGetProperty("raw", out var captured) || captured.GetString() is not { } raw || !raw.Contains("info_hash", StringComparison.Ordinal))
                    continue;

                // The capture used other announce paths and passkeys; the rest of the query and the headers are the client's own.
                var request = "GET /" + (raw.Contains("scrape", StringComparison.Ordinal) ? "scrape" : "announce") + raw[raw.IndexOf('?', StringComparison.Ordinal)..].Replace("passkey=", "another=", StringComparison.Ordinal);
                var response = await RawHttp.ExchangeAsync(_tracker.IPv4, Encoding.Latin1.GetBytes(request + "\r\n\r\n"), oneResponse: true);
                Assert.Null(new TrackerReply(RawHttp.BodyOf(response)).Failure);
                seen++;
            }
        }

        Assert.True(seen > 40, $"only {seen} captured requests");
    }

    private static IEnumerable<byte[]> AllBytes(int offset)
    {
        for (var first = offset; first < 256 + offset; first += 20)
            yield return [.. Enumerable.Range(first, 20).Select(value => (byte)value)];
    }
}
