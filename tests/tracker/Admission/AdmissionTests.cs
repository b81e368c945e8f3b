using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Admission;

/// <summary>What one address may spend, and that nobody else pays for it.</summary>
public sealed class AdmissionTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const int Burst = 300;

    [Fact]
    public async Task One_stranger_uses_up_its_own_share_and_nothing_else()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database,
            ("Limits__RequestRate", "0.001"), ("Limits__RequestBurst", $"{Burst}"), ("Receipts__ReportRate", "0.001"), ("Receipts__ReportBurst", $"{Burst}"),
            ("Tracker__ScrapeRate", "0.001"), ("Tracker__ScrapeBurst", "200"), ("Limits__PasskeyRate", "0.001"), ("Limits__PasskeyBurst", "5"), ("Limits__BodySeconds", "3"));
        Assert.Contains("Limits of one address (IPv6: one /64): announces without limit, scraped info hashes 0.001 a second and 200 at once", node.Log, StringComparison.Ordinal);
        await RequestsAreCounted(node);
        await ScrapesAreCountedByHashes(node, database);
        await PasskeysNeverSeenAreCounted(node);
        await BodiesAreCounted(node);
    }

    [Fact]
    public async Task Strangers_use_up_no_members_share_of_reports_and_who_it_is_is_told_before_that_it_is_too_much()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Receipts__ReportRate", "0.001"), ("Receipts__ReportBurst", "3"));
        var alice = await Member.RegisteredAsync(node.Http, "alice");
        var wrong = new string('0', 32);
        for (var i = 0; i < 3; i++)
            Assert.Equal("401", await StatusAsync(alice.UserId, wrong, "127.0.4.1"));
        for (var i = 0; i < 3; i++)
            Assert.Equal("200", await StatusAsync(alice.UserId, alice.Passkey, "127.0.4.2"));
        Assert.Equal("429", await StatusAsync(alice.UserId, alice.Passkey, "127.0.4.3"));
        Assert.Equal("401", await StatusAsync(alice.UserId, wrong, "127.0.4.3"));
        Assert.Equal("404", await StatusAsync("nobody", wrong, "127.0.4.3"));
        await UntilAsync(async () => await RefusedAsync(node, "reports") == 1);

        async Task<string> StatusAsync(string userId, string passkey, string from)
        {
            var body = $$"""{"user_id":"{{userId}}","passkey":"{{passkey}}"}""";
            return (await ExchangeAsync(node, $"POST /report HTTP/1.1\r\nHost: t\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}", IPAddress.Parse(from)))[9..12];
        }
    }

    /// <summary>Also of paths that nothing answers: no endpoint can forget to be counted.</summary>
    private static async Task RequestsAreCounted(NodeProcess node)
    {
        foreach (var (method, limit) in ((string, string)[])[("GET", "requests"), ("POST", "reports"), ("DELETE", "reports")])
        {
            var from = IPAddress.Parse(method switch { "GET" => "127.0.1.1", "POST" => "127.0.1.2", _ => "127.0.1.3" });
            var request = $"{method} /nothing HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n";
            var before = await RefusedAsync(node, limit);
            var answers = await ExchangeAsync(node, string.Concat(Enumerable.Repeat(request + "\r\n", Burst + 9)) + request + "Connection: close\r\n\r\n", from);
            Assert.Equal(Burst, answers.Split("HTTP/1.1 404").Length - 1);
            Assert.Equal(10, answers.Split("HTTP/1.1 429").Length - 1);
            await UntilAsync(async () => await RefusedAsync(node, limit) == before + 10);
            // Supervisors and other callers are not affected.
            Assert.StartsWith("HTTP/1.1 200", await ExchangeAsync(node, "GET /health/ready HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", from), StringComparison.Ordinal);
            Assert.StartsWith("HTTP/1.1 404", await ExchangeAsync(node, request + "Connection: close\r\n\r\n", IPAddress.Parse("127.0.1.99")), StringComparison.Ordinal);
        }
    }

    private static async Task ScrapesAreCountedByHashes(NodeProcess node, string database)
    {
        var from = IPAddress.Parse("127.0.2.1");
        var tracker = new Announcer(node);
        var quiet = Announcer.NewTorrent();
        await using (var source = NpgsqlDataSource.Create(database))
        await using (var command = source.CreateCommand("INSERT INTO swarm (info_hash, completed) VALUES ($1, 7)"))
        {
            command.Parameters.Add(new() { Value = quiet });
            await command.ExecuteNonQueryAsync();
        }

        var known = Announcer.NewTorrent();
        await tracker.AnnounceAsync(known, 1, 0);
        await UntilAsync(async () => (await Metrics.ReadAsync(node)).Value("pbts_swarms") == 1);
        var made = string.Concat(Enumerable.Range(0, 150).Select(_ => $"&info_hash={Announcer.Escape(Announcer.NewTorrent())}"));
        var reply = await tracker.GetAsync($"/scrape?info_hash={Announcer.Escape(known)}&info_hash={Announcer.Escape(quiet)}{made}", from: from);
        Assert.Equal(new ScrapeEntry(1, 0, 0, 0), reply.Scrape(known));
        Assert.Equal(new ScrapeEntry(0, 0, 7, 0), reply.Scrape(quiet));
        Assert.Equal(2, reply.ScrapeCount);
        // Nothing was started for what nobody has: a swarm stays for seconds, the figures are remembered for less than one.
        await Task.Delay(TimeSpan.FromMilliseconds(500));
        Assert.Equal(1, (await Metrics.ReadAsync(node)).Value("pbts_swarms"));

        Assert.Contains("busy", (await tracker.GetAsync($"/scrape?x{made}", from: from)).Failure, StringComparison.Ordinal);
        await UntilAsync(async () => await RefusedAsync(node, "scrapes") == 1);
        Assert.Null((await tracker.GetAsync($"/scrape?x{made}", from: IPAddress.Parse("127.0.2.2"))).Failure);
    }

    private static async Task PasskeysNeverSeenAreCounted(NodeProcess node)
    {
        var from = IPAddress.Parse("127.0.3.1");
        var tracker = new Announcer(node);
        for (var i = 0; i < 5; i++)
            Assert.Equal("unknown passkey", (await tracker.GetAsync($"/scrape/{i:x32}?info_hash=aaaaaaaaaaaaaaaaaaaa", from: from)).Failure);
        Assert.Contains("busy", (await tracker.GetAsync($"/scrape/{9:x32}?info_hash=aaaaaaaaaaaaaaaaaaaa", from: from)).Failure, StringComparison.Ordinal);
        Assert.Contains("busy", (await tracker.GetAsync(Announcer.Target(Announcer.NewTorrent(), 1, 0, path: $"/announce/{10:x32}"), from: from)).Warning, StringComparison.Ordinal);
        await UntilAsync(async () => await RefusedAsync(node, "passkeys") == 2);
        Assert.Equal("unknown passkey", (await tracker.GetAsync($"/scrape/{11:x32}?info_hash=aaaaaaaaaaaaaaaaaaaa", from: IPAddress.Parse("127.0.3.2"))).Failure);
    }

    private static async Task BodiesAreCounted(NodeProcess node)
    {
        const int Bodies = 200;
        var from = IPAddress.Parse("127.0.4.1");
        var start = Encoding.ASCII.GetBytes("POST /report HTTP/1.1\r\nHost: t\r\nContent-Length: 2000000\r\n\r\n" + new string(' ', 100_000));
        var clients = new List<TcpClient>();
        try
        {
            for (var i = 0; i < Bodies; i++)
            {
                clients.Add(new TcpClient(new IPEndPoint(from, 0)));
                await clients[^1].ConnectAsync(new IPEndPoint(IPAddress.Loopback, node.Port));
                _ = clients[^1].GetStream().WriteAsync(start).AsTask().ContinueWith(static sent => sent.Exception, TaskScheduler.Default);
            }

            await UntilAsync(async () => await RefusedAsync(node, "bodies") > Bodies / 2);
            Assert.InRange((await Metrics.ReadAsync(node)).Value("pbts_body_bytes"), 0, 4 << 20);
            Assert.StartsWith("HTTP/1.1 400", await ExchangeAsync(node, "POST /report HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", IPAddress.Parse("127.0.4.2")), StringComparison.Ordinal);
            await UntilAsync(async () => await RefusedAsync(node, "slow_bodies") > 0 && (await Metrics.ReadAsync(node)).Value("pbts_body_bytes") == 0);
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var waited = Stopwatch.StartNew(); !await condition(); await Task.Delay(50))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), "waited in vain");
    }

    private static async Task<double> RefusedAsync(NodeProcess node, string limit) => (await Metrics.ReadAsync(node)).Value("pbts_refused_total", string.Create(CultureInfo.InvariantCulture, $"limit=\"{limit}\""));

    private static async Task<string> ExchangeAsync(NodeProcess node, string request, IPAddress from) =>
        Encoding.Latin1.GetString(await RawHttp.ExchangeAsync(new(IPAddress.Loopback, node.Port), Encoding.Latin1.GetBytes(request), from: from));
}

/// <summary>How long a body may be.</summary>
[Collection("node")]
public sealed class BodyLengthTests(SharedNode shared)
{
    [Theory]
    [InlineData("/register", 16 << 10, HttpStatusCode.BadRequest)]
    [InlineData("/register", 272 << 10, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData("/verify-receipt", 16 << 10, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData("/report", 16 << 10, HttpStatusCode.BadRequest)]
    [InlineData("/report", 2 << 20, HttpStatusCode.RequestEntityTooLarge)]
    public async Task Only_reports_and_the_like_may_be_long(string path, int length, HttpStatusCode expected)
    {
        foreach (var body in (string[])[$$"""{"filler":"{{new string('x', length)}}"}""", new string(' ', length) + "{}"])
            Assert.Equal(expected, (await shared.Node.Http.PostTextAsync(path, body)).Status);
    }
}
