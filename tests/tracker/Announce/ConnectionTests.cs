using System.Net.Sockets;
using System.Text;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Announce;

[Collection("node")]
public sealed class ConnectionTests(SharedNode shared)
{
    private readonly Announcer _tracker = new(shared.Node);

    [Fact]
    public async Task Http_1_0_is_answered_and_closed()
    {
        var response = await ExchangeAsync($"GET {Announcer.Target(Announcer.NewTorrent(), 1, 0)} HTTP/1.0\r\n\r\n");
        Assert.Contains("Connection: close", response, StringComparison.Ordinal);
        Assert.Contains("8:completei1e", response, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Http_1_0_with_keep_alive_is_kept()
    {
        var target = Announcer.Target(Announcer.NewTorrent(), 1, 0);
        var response = await ExchangeAsync($"GET {target} HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET {target} HTTP/1.0\r\n\r\n");
        Assert.Equal(3, response.Split("HTTP/1.1 200 OK").Length);
        Assert.Contains("Connection: keep-alive", response, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pipelined_requests_are_answered_in_order()
    {
        var torrent = Announcer.NewTorrent();
        var request = new StringBuilder();
        for (var peer = 1; peer <= 20; peer++)
            request.Append(System.Globalization.CultureInfo.InvariantCulture, $"GET {Announcer.Target(torrent, peer, 0)} HTTP/1.1\r\nHost: t\r\n{(peer == 20 ? "Connection: close\r\n" : "")}\r\n");
        var response = await ExchangeAsync(request.ToString());
        var counts = response.Split("8:completei")[1..].Select(part => part[..part.IndexOf('e', StringComparison.Ordinal)]).ToArray();
        Assert.Equal(Enumerable.Range(1, 20).Select(count => $"{count}"), counts);
    }

    [Fact]
    public async Task A_request_in_single_bytes_is_answered()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_tracker.IPv4);
        client.NoDelay = true;
        var request = $"GET {Announcer.Target(Announcer.NewTorrent(), 1, 0)} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
        foreach (var value in Encoding.ASCII.GetBytes(request))
            await client.GetStream().WriteAsync(new[] { value });
        using var reader = new StreamReader(client.GetStream());
        Assert.Contains("8:completei1e", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bare_line_feeds_end_lines()
    {
        var response = await ExchangeAsync($"GET {Announcer.Target(Announcer.NewTorrent(), 1, 0)} HTTP/1.1\nHost: t\nConnection: close\n\n");
        Assert.Contains("8:completei1e", response, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_connection_may_mix_announces_and_other_requests()
    {
        var torrent = Announcer.NewTorrent();
        var response = await ExchangeAsync(
            $"GET {Announcer.Target(torrent, 1, 0)} HTTP/1.1\r\nHost: t\r\n\r\n"
            + "GET /health/ready HTTP/1.1\r\nHost: t\r\n\r\n"
            + $"GET {Announcer.Target(torrent, 2, 0)} HTTP/1.1\r\nHost: t\r\n\r\n"
            + $"GET /scrape?info_hash={Announcer.Escape(torrent)} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
        Assert.Equal(5, response.Split("HTTP/1.1 200 OK").Length);
        Assert.Contains("8:completei2e10:downloadedi0e", response, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_follows_the_last_request_is_taken_and_thrown_away_however_much_it_is()
    {
        var response = await ExchangeAsync($"GET {Announcer.Target(Announcer.NewTorrent(), 1, 0)} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n" + new string('x', 3_000_000));
        Assert.StartsWith("HTTP/1.1 200 OK", response, StringComparison.Ordinal);
        Assert.Equal(2, response.Split("8:complete").Length);
    }

    [Fact]
    public async Task More_requests_than_are_read_at_a_time_are_all_answered()
    {
        var request = $"GET {Announcer.Target(Announcer.NewTorrent(), 1, 0)} HTTP/1.1\r\nHost: t\r\n";
        var requests = string.Concat(Enumerable.Repeat($"{request}\r\n", 3000)) + $"{request}Connection: close\r\n\r\n";
        Assert.Equal(3002, (await ExchangeAsync(requests)).Split("HTTP/1.1 200 OK").Length);
    }

    [Theory]
    [InlineData("GET\r\n\r\n")]
    [InlineData("\0\0\0\0\r\n\r\n")]
    [InlineData("GET /announce HTTP/9.9\r\n\r\n")]
    [InlineData("GET  HTTP/1.1\r\n\r\n")]
    [InlineData("G\n\n")]
    public async Task Nonsense_ends_the_connection_and_nothing_else(string request)
    {
        var response = await ExchangeAsync(request);
        Assert.DoesNotContain("HTTP/1.1 200", response, StringComparison.Ordinal);
        Assert.Null((await _tracker.AnnounceAsync(Announcer.NewTorrent(), 1, 0)).Failure);
    }

    [Fact]
    public async Task Post_to_announce_is_not_allowed()
    {
        using var response = await shared.Node.Http.PostAsync("/announce", null);
        Assert.Equal(System.Net.HttpStatusCode.MethodNotAllowed, response.StatusCode);
    }

    private async Task<string> ExchangeAsync(string request) =>
        Encoding.Latin1.GetString(await RawHttp.ExchangeAsync(_tracker.IPv4, Encoding.Latin1.GetBytes(request)));
}
