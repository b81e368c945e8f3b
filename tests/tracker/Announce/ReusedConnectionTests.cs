using System.Text;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Announce;

/// <summary>Behind a proxy one connection carries the requests of many, announces and others.</summary>
public sealed class ReusedConnectionTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const int Clients = 10;
    private const int Each = 100;

    [Fact]
    public async Task Behind_our_proxy_no_announce_with_raw_bytes_fails_whatever_else_its_connection_carried()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Tracker__TrustedProxies__0", "127.0.0.1"));
        await using var proxy = await Proxy.StartAsync([node]);
        var answers = await Task.WhenAll(Enumerable.Range(0, Clients).Select(async client =>
        {
            var requests = new StringBuilder();
            for (var i = 0; i < Each; i++)
            {
                requests.Append("GET /user/nobody HTTP/1.1\r\nHost: t\r\n\r\n");
                requests.Append(System.Globalization.CultureInfo.InvariantCulture, $"GET /announce?info_hash=\u0080\u00ff\u0081-raw-{client:D3}-{i:D8}&peer_id=-XX0001-000000000001&port=9&left=0 HTTP/1.1\r\nHost: t\r\n{(i == Each - 1 ? "Connection: close\r\n" : "")}\r\n");
            }

            return Encoding.Latin1.GetString(await RawHttp.ExchangeAsync(proxy.Endpoint, Encoding.Latin1.GetBytes(requests.ToString())));
        }));
        Assert.Equal(Clients * Each, answers.Sum(answer => answer.Split("8:completei1e").Length - 1));
        Assert.All(answers, answer => Assert.DoesNotContain("HTTP/1.1 400", answer, StringComparison.Ordinal));
    }
}
