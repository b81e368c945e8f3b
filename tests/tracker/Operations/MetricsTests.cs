using System.Net;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Operations;

/// <summary>What Prometheus reads, and where it may read it.</summary>
public sealed class MetricsTests(PostgresServer postgres) : IClassFixture<PostgresServer>
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

        var metrics = await Metrics.ReadAsync(node);
        Assert.Equal(3, metrics.Value("pbts_announces_total", "event=\"started\"", "outcome=\"served\""));
        Assert.Equal(1, metrics.Value("pbts_announces_total", "event=\"stopped\"", "outcome=\"served\""));
        Assert.Equal(1, metrics.Value("pbts_announces_total", "event=\"none\"", "outcome=\"refused\""));
        Assert.Equal(1, metrics.Value("pbts_announces_total", "event=\"none\"", "outcome=\"malformed\""));
        Assert.Equal(4, metrics.Value("pbts_announce_duration_seconds_count"));
        Assert.Equal(1, metrics.Value("pbts_swarms"));
        Assert.Equal(2, metrics.Value("pbts_peers"));
        Assert.Equal(1, metrics.Value("pbts_receipts_total", "outcome=\"accepted\""));
        Assert.Equal(1, metrics.Value("pbts_receipts_total", "outcome=\"duplicate\""));
        Assert.Equal(2, metrics.Value("pbts_reports_total", "outcome=\"processed\""));
        Assert.Equal(1, metrics.Value("pbts_ledger_commit_duration_seconds_count"));
        Assert.Equal(0, metrics.Value("pbts_verification_queue"));
        Assert.Equal(0, metrics.Value("pbts_chain_outbox", "state=\"queued\""));

        using var client = new HttpClient();
        Assert.Equal("ready", await client.GetStringAsync(new Uri(node.Management, "/health/ready")));
        using var outside = await node.Http.GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.NotFound, outside.StatusCode);
        using var inside = await client.GetAsync(new Uri(node.Management, "/config"));
        Assert.Equal(HttpStatusCode.NotFound, inside.StatusCode);
    }

    [Fact]
    public async Task The_dashboard_the_alerts_and_the_manual_name_metrics_and_labels_that_exist_and_the_manual_all_of_ours()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        await new Announcer(node).AnnounceAsync(Announcer.NewTorrent(), 1, 0);
        var sender = await Member.RegisteredAsync(node.Http, "sender");
        var receiver = await Member.RegisteredAsync(node.Http, "receiver");
        await sender.ReportAsync(node.Http, receiver.Receipt(sender, "piece"));
        var metrics = await Metrics.ReadAsync(node);
        // What the rules record, dashboards and other rules may ask for.
        var recorded = (await ReadAsync("slo.yaml")).Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith("- record: ", StringComparison.Ordinal)).Select(line => line["- record: ".Length..]).ToHashSet();
        foreach (var file in (string[])["grafana-dashboard.json", "alerts.yaml", "slo.yaml"])
        {
            var queries = PromQuery.FindIn(await ReadAsync(file));
            Assert.NotEmpty(queries);
            foreach (var query in queries)
            {
                foreach (var name in query.Metrics.Except(recorded))
                {
                    Assert.True(metrics.Names.Contains(name), $"{file}: nothing measures {name}, in {query.Text}");
                    Assert.All(query.Labels, label => Assert.True(metrics.Any(name, label), $"{file}: {name} never has {label}, in {query.Text}"));
                }
            }
        }

        var manual = (await ReadAsync("operations.md")).Split('`').Where((_, i) => i % 2 == 1).ToHashSet();
        var ours = metrics.Names.Where(name => name.StartsWith("pbts_", StringComparison.Ordinal))
            .Select(name => name.Replace("_bucket", "", StringComparison.Ordinal).Replace("_sum", "", StringComparison.Ordinal).Replace("_count", "", StringComparison.Ordinal)).ToHashSet();
        Assert.Equal([], ours.Except(manual));
        Assert.Equal([], manual.Where(word => word.StartsWith("pbts_", StringComparison.Ordinal)).Except(ours));
        Assert.All((string[])["orleans_", "db_client_", "http_server_", "kestrel_", "dotnet_"], prefix => Assert.Contains(metrics.Names, name => name.StartsWith(prefix, StringComparison.Ordinal)));

        static Task<string> ReadAsync(string file) => File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "deploy", file));
    }
}
