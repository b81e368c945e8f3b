using System.Net.Sockets;
using System.Text;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Announce;

/// <summary>Announces that come faster than they can be answered.</summary>
public sealed class SheddingTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const int Clients = 40;
    private const int Each = 1000;

    [Fact]
    public async Task Announces_beyond_what_can_be_answered_in_time_are_told_to_come_back_and_the_next_one_is_served()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Tracker__ShedAfter", "1"));
        var (sent, served, shed) = (0, 0, 0);
        // One flood may find the tracker fast enough.
        await Wait.UntilAsync(async () =>
        {
            var answers = await FloodAsync(node);
            (sent, served, shed) = (sent + (Clients * Each), served + answers.Served, shed + answers.Shed);
            return shed > 0;
        });
        Assert.Equal(sent, served + shed);
        Assert.InRange(shed, 1, sent - 1);
        Assert.InRange(await ShedCountAsync(node), shed, shed);

        await Task.Delay(500);
        Assert.Null((await new Announcer(node).AnnounceAsync(Announcer.NewTorrent(), 1, 1)).Warning);
    }

    [Fact]
    public async Task Nothing_is_shed_where_that_is_switched_off()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Tracker__ShedAfter", "0"));
        Assert.Equal((Clients * Each, 0), await FloodAsync(node));
    }

    /// <returns>How many announces were answered with a swarm's counts, and how many were told to come back.</returns>
    private static async Task<(int Served, int Shed)> FloodAsync(NodeProcess node)
    {
        var tracker = new Announcer(node);
        var torrent = Announcer.NewTorrent();
        await tracker.AnnounceAsync(torrent, 1, 1);
        // All made before the first is sent: they are to come at once.
        var requests = Enumerable.Range(0, Clients).Select(number =>
        {
            var text = new StringBuilder();
            for (var i = 0; i < Each; i++)
                text.Append(System.Globalization.CultureInfo.InvariantCulture, $"GET {Announcer.Target(torrent, number + 2, 1)} HTTP/1.1\r\nHost: t\r\n{(i == Each - 1 ? "Connection: close\r\n" : "")}\r\n");
            return Encoding.Latin1.GetBytes(text.ToString());
        }).ToArray();
        var replies = await Task.WhenAll(requests.Select(async bytes => Encoding.Latin1.GetString(await RawHttp.ExchangeAsync(tracker.IPv4, bytes))));
        return (replies.Sum(reply => Count(reply, "10:tracker id")), replies.Sum(reply => Count(reply, "8:retry in")));
    }

    private static async Task<int> ShedCountAsync(NodeProcess node)
    {
        using var client = new HttpClient();
        var metrics = await client.GetStringAsync(new Uri(node.Management, "/metrics"));
        return metrics.Split('\n').Where(line => line.StartsWith("pbts_announces_total", StringComparison.Ordinal) && line.Contains("outcome=\"shed\"", StringComparison.Ordinal))
            .Sum(line => int.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture));
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
