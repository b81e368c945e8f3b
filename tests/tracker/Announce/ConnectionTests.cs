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
        Assert.Equal(["GET", "HEAD", "OPTIONS"], response.Content.Headers.Allow);
    }

    [Theory]
    [InlineData("GET /stats HTTP/1.1\r\nHost: t\r\n\r\n")]
    [InlineData("GET /stats HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nabcde")]
    [InlineData("POST /verify-receipt HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")]
    [InlineData("GET /announce HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\n\x80")]
    public async Task Raw_bytes_are_understood_after_whatever_came_before_on_the_connection(string before)
    {
        var torrent = "\x80\xff\x81-raw-bytes-are-here"[..16] + $"{Random.Shared.Next(1000, 9999)}";
        var response = await ExchangeAsync($"{before}GET /announce?info_hash={torrent}&peer_id=-XX0001-000000000001&port=9&left=0 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
        Assert.Contains("8:completei1e", response, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Content-Length : 59")]
    [InlineData("Content-Length\t: 59")]
    [InlineData("A: b\r\n Content-Length: 59")]
    public async Task A_head_that_servers_read_differently_is_refused_and_nothing_behind_it_is_a_request(string header)
    {
        var torrent = Announcer.NewTorrent();
        var smuggled = $"GET {Announcer.Target(torrent, 1, 0)} HTTP/1.1\r\nHost: t\r\n\r\n";
        var response = await ExchangeAsync($"GET /announce?x HTTP/1.1\r\nHost: t\r\n{header}\r\n\r\n{smuggled}");
        Assert.StartsWith("HTTP/1.1 400", response, StringComparison.Ordinal);
        Assert.Equal(2, response.Split("HTTP/1.1").Length);
        Assert.Null(await _tracker.ScrapeAsync(torrent));
    }

    [Theory]
    [InlineData("/announce.php?info_hash=x")]
    [InlineData("/announce/KEY/x?info_hash=x")]
    [InlineData("/tracker/announce/KEY")]
    [InlineData("/?info_hash=x")]
    public async Task What_was_meant_as_an_announce_and_is_none_is_told_so_in_its_own_language(string target)
    {
        var response = await ExchangeAsync($"GET {target} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 404", response, StringComparison.Ordinal);
        Assert.Contains("14:failure reason", response, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("//announce/{0}")]
    [InlineData("/announce//{0}")]
    [InlineData("/Announce/{0}")]
    [InlineData("/%61nnounce/{0}")]
    [InlineData("http://127.0.0.1/announce/{0}")]
    [InlineData("/announce?passkey={0}&x=y")]
    public async Task No_way_to_write_a_target_loses_its_passkey(string form)
    {
        var path = string.Format(System.Globalization.CultureInfo.InvariantCulture, form, new string('0', 32));
        var target = path + (path.Contains('?', StringComparison.Ordinal) ? "&" : "?") + Announcer.Target(Announcer.NewTorrent(), 1, 0)[10..];
        foreach (var before in (string[])["", "GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"])
            Assert.Contains("unknown passkey", await ExchangeAsync($"{before}GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/announce?x")]
    [InlineData("/scrape")]
    [InlineData("/health")]
    [InlineData("/health/ready")]
    [InlineData("/stats")]
    [InlineData("/docs/")]
    [InlineData("/console")]
    [InlineData("/user/nobody")]
    public async Task Head_is_answered_as_get_is_without_the_body(string path)
    {
        var head = await ExchangeAsync($"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        var get = await ExchangeAsync($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        Assert.Equal(get.Split("\r\n")[0], head.Split("\r\n")[0]);
        Assert.EndsWith("\r\n\r\n", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_in_a_browser_may_announce_and_scrape()
    {
        const string Page = "Host: t\r\nOrigin: https://page.example\r\nConnection: close\r\n\r\n";
        foreach (var target in (string[])[Announcer.Target(Announcer.NewTorrent(), 1, 0), "/scrape?info_hash=aaaaaaaaaaaaaaaaaaaa"])
        {
            Assert.Contains("\r\nAccess-Control-Allow-Origin: *\r\n", await ExchangeAsync($"GET {target} HTTP/1.1\r\n{Page}"), StringComparison.Ordinal);
            var asked = await ExchangeAsync($"OPTIONS {target} HTTP/1.1\r\nAccess-Control-Request-Method: GET\r\n{Page}");
            Assert.StartsWith("HTTP/1.1 204", asked, StringComparison.Ordinal);
            Assert.Contains("\r\nAccess-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n", asked, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_method_that_is_not_allowed_names_those_that_are()
    {
        using var response = await shared.Node.Http.PostAsync("/stats", null);
        Assert.Equal(System.Net.HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["GET", "HEAD"], response.Content.Headers.Allow);
    }

    private async Task<string> ExchangeAsync(string request) =>
        Encoding.Latin1.GetString(await RawHttp.ExchangeAsync(_tracker.IPv4, Encoding.Latin1.GetBytes(request)));
}
