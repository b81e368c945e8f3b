using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Npgsql;
using Pbts.Load;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chaos;

/// <summary>
/// Pairs of members that report receipts at a steady rate. A report that failed is made again until the tracker says that
/// its receipt counts, as peers do, so afterwards each total is known.
/// </summary>
internal sealed class ReportLoad
{
    /// <summary>Size of each receipt's piece.</summary>
    public const int Bytes = 1000;

    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _tracker;
    private readonly Pair[] _pairs;
    private readonly ConcurrentBag<uint> _acknowledged = [];
    private Task _running = Task.CompletedTask;

    private ReportLoad(HttpClient tracker, Pair[] pairs) => (_tracker, _pairs) = (tracker, pairs);

    /// <summary>Every attempt, those made again included.</summary>
    public RequestTally Reports { get; } = new("reports");

    /// <summary>Piece numbers, each of one receipt, that the tracker has said it has credited.</summary>
    public IReadOnlyCollection<uint> Acknowledged => _acknowledged;

    public static async Task<ReportLoad> CreateAsync(HttpClient tracker, int pairs)
    {
        var members = new Pair[pairs];
        for (var i = 0; i < pairs; i++)
            members[i] = new Pair(await Member.RegisteredAsync(tracker, "sender"), await Member.RegisteredAsync(tracker, "receiver"));
        return new ReportLoad(tracker, members);
    }

    public void Start(int perSecond) => _running = Task.Run(() => SteadyPace.RunAsync(perSecond, number => ReportAsync(_pairs[number % _pairs.Length], (uint)number), _stop.Token));

    /// <summary>Makes no new reports and waits until every one that was begun is acknowledged.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromMinutes(3));
    }

    /// <summary>
    /// Compares the members' totals with what was acknowledged: members whose totals are not exactly that, and by how many
    /// receipts totals fall short or exceed it.
    /// </summary>
    public async Task<(int Wrong, long Lost, long Doubled)> CompareTotalsAsync()
    {
        var (wrong, lost, doubled) = (0, 0L, 0L);
        foreach (var pair in _pairs)
        {
            var expected = (long)pair.Acknowledged * Bytes;
            var (up, noDown) = await pair.Sender.TotalsAsync(_tracker);
            var (noUp, down) = await pair.Receiver.TotalsAsync(_tracker);
            wrong += (up, noDown) == (expected, 0) ? 0 : 1;
            wrong += (noUp, down) == (0, expected) ? 0 : 1;
            lost += Math.Max(0, expected - Math.Min(up, down)) / Bytes;
            doubled += (Math.Max(0, Math.Max(up, down) - expected) + noDown + noUp) / Bytes;
        }

        return (wrong, lost, doubled);
    }

    /// <summary>Every receipt that a database has credited.</summary>
    public static async Task<List<(uint Piece, long Bytes)>> ReadLedgerAsync(string database)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("SELECT piece_index, bytes FROM receipts");
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<(uint, long)>();
        while (await reader.ReadAsync())
            rows.Add(((uint)reader.GetInt64(0), reader.GetInt64(1)));
        return rows;
    }

    private async Task ReportAsync(Pair pair, uint piece)
    {
        var receipt = pair.Receiver.Receipt(pair.Sender, $"piece {piece}", piece, size: Bytes);
        // Not given up when the run ends: what was sent may have been credited.
        while (true)
        {
            var started = Stopwatch.GetTimestamp();
            var failure = await TryAsync(pair, receipt);
            Reports.Count(started, failure);
            if (failure is null)
                break;
            await Task.Delay(1000);
        }

        Interlocked.Increment(ref pair.Acknowledged);
        _acknowledged.Add(piece);
    }

    /// <summary>Null, or what was wrong.</summary>
    private async Task<string?> TryAsync(Pair pair, System.Text.Json.Nodes.JsonObject receipt)
    {
        try
        {
            var (status, answer) = await pair.Sender.ReportAsync(_tracker, receipt);
            if (status != HttpStatusCode.OK)
                return $"HTTP {(int)status}";
            // A duplicate of one's own receipt means that an earlier attempt went through.
            return answer.Statuses()[0] is "accepted" or "duplicate" ? null : answer.Statuses()[0];
        }
        catch (HttpRequestException)
        {
            return "connection refused or reset";
        }
        catch (InvalidOperationException)
        {
            // The proxy's own pages are no JSON.
            return "HTTP 502 or 504 of the proxy";
        }
        catch (OperationCanceledException)
        {
            return "no answer in 30 s";
        }
    }

    private sealed class Pair(Member sender, Member receiver)
    {
        public int Acknowledged;

        public Member Sender => sender;

        public Member Receiver => receiver;
    }
}
