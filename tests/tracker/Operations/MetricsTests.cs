using System.Globalization;
using System.Net;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Operations;

/// <summary>What Prometheus reads, and where it may read it.</summary>
[Collection("postgres")]
public sealed class MetricsTests(PostgresServer postgres)
{
    [Fact]
    public async Task Metrics_count_what_happened_and_are_on_the_management_listener_alone()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        var tracker = new Announcer(node);
        var torrent = Announcer.NewTorrent();
        for (var peer = 1; peer <= 3; peer++)
            await tracker.AnnounceAsync(torrent, peer, 100, "&event=started");
        await tracker.AnnounceAsync(torrent, 3, 100, "&event=stopped");
        await tracker.GetAsync(Announcer.Target(torrent, 1, 0, path: "/announce/" + new string('0', 32)));
        await tracker.GetAsync("/announce?port=1");
        var sender = await Member.RegisteredAsync(node.Http, "sender");
        var receiver = await Member.RegisteredAsync(node.Http, "receiver");
        var receipt = receiver.Receipt(sender, "piece");
        await sender.ReportAsync(node.Http, receipt);
        await sender.ReportAsync(node.Http, receipt);

        using var client = new HttpClient();
        var metrics = await client.GetStringAsync(new Uri(node.Management, "/metrics"));
        Assert.Equal(3, Value(metrics, "pbts_announces_total", "event=\"started\"", "outcome=\"served\""));
        Assert.Equal(1, Value(metrics, "pbts_announces_total", "event=\"stopped\"", "outcome=\"served\""));
        Assert.Equal(1, Value(metrics, "pbts_announces_total", "event=\"none\"", "outcome=\"refused\""));
        Assert.Equal(1, Value(metrics, "pbts_announces_total", "event=\"none\"", "outcome=\"malformed\""));
        Assert.Equal(4, Value(metrics, "pbts_announce_duration_seconds_count"));
        Assert.Equal(1, Value(metrics, "pbts_swarms"));
        Assert.Equal(2, Value(metrics, "pbts_peers"));
        Assert.Equal(1, Value(metrics, "pbts_receipts_total", "outcome=\"accepted\""));
        Assert.Equal(1, Value(metrics, "pbts_receipts_total", "outcome=\"duplicate\""));
        Assert.Equal(2, Value(metrics, "pbts_reports_total", "outcome=\"processed\""));
        Assert.Equal(1, Value(metrics, "pbts_ledger_commit_duration_seconds_count"));
        Assert.Equal(0, Value(metrics, "pbts_verification_queue"));
        Assert.Equal(0, Value(metrics, "pbts_chain_outbox", "state=\"queued\""));

        Assert.Equal("ready", await client.GetStringAsync(new Uri(node.Management, "/health/ready")));
        using var outside = await node.Http.GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.NotFound, outside.StatusCode);
        using var inside = await client.GetAsync(new Uri(node.Management, "/config"));
        Assert.Equal(HttpStatusCode.NotFound, inside.StatusCode);
    }

    [Fact]
    public async Task The_dashboard_and_the_alerts_name_only_metrics_that_exist()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        await new Announcer(node).AnnounceAsync(Announcer.NewTorrent(), 1, 0);
        var sender = await Member.RegisteredAsync(node.Http, "sender");
        var receiver = await Member.RegisteredAsync(node.Http, "receiver");
        await sender.ReportAsync(node.Http, receiver.Receipt(sender, "piece"));
        using var client = new HttpClient();
        var metrics = await client.GetStringAsync(new Uri(node.Management, "/metrics"));
        foreach (var file in (string[])["grafana-dashboard.json", "alerts.yaml"])
        {
            var text = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "deploy", file));
            var names = System.Text.RegularExpressions.Regex.Matches(text, @"\b(pbts|db_client|process|dotnet|kestrel)_[a-z_]+").Select(match => match.Value).Distinct().ToList();
            Assert.NotEmpty(names);
            Assert.All(names, name => Assert.True(metrics.Contains("\n" + name, StringComparison.Ordinal), $"{file} uses {name}, which nothing measures."));
        }
    }

    private static double Value(string metrics, string name, params string[] labels)
    {
        var line = metrics.Split('\n').Single(line => (line.StartsWith(name + "{", StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal))
            && labels.All(label => line.Contains(label, StringComparison.Ordinal)));
        return double.Parse(line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
    }
}
