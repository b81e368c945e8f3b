using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Pbts.Local.Processes;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Operations;

/// <summary>What goes to a collector where one is named (OTLP over HTTP).</summary>
public sealed class TraceTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task A_collector_gets_the_spans_of_a_report_from_the_request_to_the_commit_and_the_metrics()
    {
        using var collector = new Collector();
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_BSP_SCHEDULE_DELAY", "200"), ("OTEL_METRIC_EXPORT_INTERVAL", "500"));
        var sender = await Member.RegisteredAsync(node.Http, "sender");
        var receiver = await Member.RegisteredAsync(node.Http, "receiver");
        await sender.ReportAsync(node.Http, receiver.Receipt(sender, "piece"));

        // Names stand in the messages as they are. The scopes, then the spans of our own.
        await collector.WaitForAsync("/v1/traces", "Microsoft.AspNetCore", "Npgsql", "Microsoft.Orleans.Application", "Pbts", "report", "verify", "POST /report");
        await collector.WaitForAsync("/v1/metrics", "pbts.receipts", "pbts.ledger.commit.duration", "orleans-", "db.client.", "http.server.request.duration");
    }

    private sealed class Collector : IDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly ConcurrentDictionary<string, string> _received = [];

        public Collector()
        {
            Url = $"http://127.0.0.1:{Ports.Free()}";
            _listener.Prefixes.Add(Url + "/");
            _listener.Start();
            _ = ReceiveAsync();
        }

        public string Url { get; }

        public async Task WaitForAsync(string path, params string[] texts)
        {
            for (var tries = 0; ; tries++)
            {
                var missing = texts.Where(text => !_received.GetValueOrDefault(path, "").Contains(text, StringComparison.Ordinal)).ToList();
                if (missing.Count == 0)
                    return;
                Assert.True(tries < 150, $"{path} never had {string.Join(", ", missing)}");
                await Task.Delay(200);
            }
        }

        public void Dispose() => _listener.Close();

        private async Task ReceiveAsync()
        {
            try
            {
                while (true)
                {
                    var context = await _listener.GetContextAsync();
                    using var body = new MemoryStream();
                    await context.Request.InputStream.CopyToAsync(body);
                    _received.AddOrUpdate(context.Request.Url!.AbsolutePath, _ => Encoding.Latin1.GetString(body.ToArray()), (_, before) => before + Encoding.Latin1.GetString(body.ToArray()));
                    context.Response.Close();
                }
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}
