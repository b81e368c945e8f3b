using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Npgsql;
using Pbts.Load;
using Pbts.Peer;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Bench;

/// <summary>
/// Vouchers to a running tracker, from the first byte of the request to the answer that follows the commit: first with an
/// almost empty table of sessions, then with a million more in it; what a session takes on disk; and how long announces take
/// meanwhile. In rounds, of which the first is warm-up and begins the sessions; in the others each voucher raises one.
/// </summary>
internal sealed class VoucherBenchmark : IDisposable
{
    /// <summary>More than what a receiver must have got for each session it begins.</summary>
    private const long BytesARound = 300_000;

    private readonly TrackerClient _client;
    private readonly IPEndPoint _tracker;
    private readonly LoadMember _sender = new(LoadMember.NewName("bench"), MemberIdentity.Generate());
    private readonly int _receiverCount;
    private readonly (SessionId Id, long Bytes)[] _sessions;
    private readonly InfoHash _torrent = InfoHash.From(RandomNumberGenerator.GetBytes(InfoHash.Length));
    private readonly long _opened = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    private readonly int _perReport;
    private readonly int _parallel;
    private LoadMember[] _receivers = [];
    private InstanceId _instance;
    private int _refusals;

    private VoucherBenchmark(Arguments arguments)
    {
        var url = arguments.Text("--url", TrackerClient.DefaultUrl);
        _tracker = new(IPAddress.Loopback, new Uri(url).Port);
        _client = new TrackerClient(url) { Member = (_sender.UserId, _sender.Identity) };
        (_perReport, _parallel) = (arguments.Number("--vouchers", 50), arguments.Number("--parallel", 4));
        _receiverCount = arguments.Number("--receivers", 5);
        _sessions = [.. Enumerable.Range(0, arguments.Number("--reports", 200) * _perReport).Select(_ => (SessionId.From(RandomNumberGenerator.GetBytes(SessionId.Length)), 0L))];
    }

    public static async Task<int> RunAsync(Arguments arguments)
    {
        using var benchmark = new VoucherBenchmark(arguments);
        return await benchmark.MeasureAsync(arguments);
    }

    public void Dispose() => _client.Dispose();

    private async Task<int> MeasureAsync(Arguments arguments)
    {
        await _sender.RegisterAsync(_client);
        _receivers = await LoadMember.RegisterManyAsync(_client, _receiverCount, "bench");
        _instance = await _client.FindInstanceAsync(CancellationToken.None) ?? throw new InvalidOperationException("the tracker does not say its instance id");
        await using var database = NpgsqlDataSource.Create(arguments.Text("--database", ""));
        var (rounds, more) = (arguments.Number("--rounds", 3), arguments.Number("--sessions", 1_000_000));
        Console.WriteLine($"{_perReport} vouchers a report, {_receivers.Length} receivers, {_parallel} reports at a time, {_sessions.Length} sessions that rise");
        Console.WriteLine($"{"sessions",10} {"round",8} {"vouchers/s",11} {"of verifying",13} {"announces idle p99",19} {"busy p99 ms",12} {"ratio",6}");
        await RoundAsync("warm-up", _sessions.Length);
        var before = await RoundsAsync(rounds, _sessions.Length);
        await FillAsync(database, more);
        var after = await RoundsAsync(rounds, _sessions.Length + more);
        var bytes = await BytesOfSessionAsync(database);

        var user = await _client.GetAsync($"/user/{_sender.UserId}", CancellationToken.None);
        var (few, many) = (Samples.Median(before.Select(round => round.Rate)), Samples.Median(after.Select(round => round.Rate)));
        var share = Samples.Median(before.Select(round => round.Share));
        var slowdown = Samples.Median(before.Select(round => round.Slowdown));
        Console.WriteLine($"\nmedians: {few:F0} vouchers/s durable = {100 * share:F0} % of what one thread verifies; with {more} sessions more {many:F0}/s = {100 * ((many / few) - 1):+0.0;-0.0} %; {bytes:F0} bytes a session with indexes; announce p99 {slowdown:F1} x idle; {_refusals} reports told to come back");
        await Results.WriteAsync(arguments, "vouchers", new { vouchers_per_report = _perReport, receivers = _receivers.Length, vouchers_per_second = few, share_of_verification = share, sessions = more, vouchers_per_second_then = many, bytes_a_session = bytes, announce_p99_ratio = slowdown, refusals = _refusals });
        var expected = _sessions.Sum(session => session.Bytes);
        return user.Body?.GetProperty("total_uploaded").GetInt64() == expected ? 0 : Fail($"credited {user.Body?.GetProperty("total_uploaded")} bytes of {expected}");
    }

    private async Task<List<Round>> RoundsAsync(int rounds, int sessions)
    {
        var measured = new List<Round>();
        for (var round = 1; round <= rounds; round++)
            measured.Add(await RoundAsync($"{round}", sessions));
        return measured;
    }

    private async Task<Round> RoundAsync(string name, int sessions)
    {
        var reports = Sign();
        var seconds = 0.0;
        var (idle, busy) = await AnnounceProbe.BesideAsync(_tracker, async () =>
        {
            var started = Stopwatch.GetTimestamp();
            await SendAsync(reports);
            seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        });
        var rate = _sessions.Length / seconds;
        // In the same round, so that a machine that is slower now is so for both.
        var share = rate / VerifyBenchmark.Rate(_perReport, _receivers.Length);
        var (before, meanwhile) = (Samples.Quantile(idle, 0.99), Samples.Quantile(busy, 0.99));
        Console.WriteLine($"{sessions,10} {name,8} {rate,11:F0} {100 * share,11:F0} % {before,19:F2} {meanwhile,12:F2} {meanwhile / before,6:F1}");
        return new(rate, share, meanwhile / before);
    }

    private Voucher[][] Sign()
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var vouchers = new Voucher[_sessions.Length];
        Parallel.For(0, vouchers.Length, i =>
        {
            _sessions[i].Bytes += BytesARound;
            var receiver = _receivers[i % _receivers.Length].Identity;
            var voucher = new Voucher
            {
                Instance = _instance, InfoHash = _torrent, Sender = _sender.Identity.PublicKey, Receiver = receiver.PublicKey, Session = _sessions[i].Id,
                Bytes = _sessions[i].Bytes, Opened = _opened, SignedAt = now,
            };
            vouchers[i] = voucher with { Signature = receiver.Sign(voucher.SignedMessage()) };
        });
        return [.. vouchers.Chunk(_perReport)];
    }

    private async Task SendAsync(Voucher[][] reports)
    {
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, _parallel).Select(async _ =>
        {
            for (var i = Interlocked.Increment(ref next); i < reports.Length; i = Interlocked.Increment(ref next))
            {
                while (await _client.ReportVouchersAsync(reports[i], CancellationToken.None) is { IsSuccess: false })
                {
                    Interlocked.Increment(ref _refusals);
                    await Task.Delay(50);
                }
            }
        }));
    }

    /// <summary>Sessions of ten thousand members that never were, straight into the table.</summary>
    private static async Task FillAsync(NpgsqlDataSource database, int sessions)
    {
        Console.WriteLine($"writing {sessions} sessions");
        await using var fill = database.CreateCommand("""
            INSERT INTO voucher_sessions (sender, receiver, bytes, credited, opened, signed_at, id, info_hash, sender_key, receiver_key, session, signature)
            SELECT 1000000 + n % 9973, 1000000 + n % 7919, 1 + n, 1 + n, 1700000000, 1700000100, a, substr(a, 1, 20), substr(a || b, 1, 48), substr(b || a, 1, 48), substr(b, 1, 16), a || b || a
            FROM (SELECT n, sha256(n::text::bytea) AS a, sha256((-n)::text::bytea) AS b FROM generate_series(1, $1) AS n) AS made
            """);
        fill.CommandTimeout = 600;
        fill.Parameters.Add(new() { Value = sessions });
        await fill.ExecuteNonQueryAsync();
        await using var settle = database.CreateCommand("VACUUM ANALYZE voucher_sessions");
        settle.CommandTimeout = 600;
        await settle.ExecuteNonQueryAsync();
    }

    private static async Task<double> BytesOfSessionAsync(NpgsqlDataSource database)
    {
        await using var size = database.CreateCommand("SELECT pg_total_relation_size('voucher_sessions')::double precision / (SELECT count(*) FROM voucher_sessions)");
        size.CommandTimeout = 600;
        return (double)(await size.ExecuteScalarAsync())!;
    }

    private static int Fail(string why)
    {
        Console.Error.WriteLine(why);
        return 1;
    }

    /// <param name="Rate">Vouchers a second, durable.</param>
    /// <param name="Share">Of what one thread verifies.</param>
    /// <param name="Slowdown">The p99 of announces meanwhile, beside that of an idle tracker.</param>
    private sealed record Round(double Rate, double Share, double Slowdown);
}
