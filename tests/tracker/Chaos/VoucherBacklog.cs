using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Protocol.Vouchers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chaos;

/// <summary>
/// Rising vouchers among some members, in shuffled reports, each made again until every voucher in it is acknowledged, as peers
/// do. What must have come of them in the end is known beforehand.
/// </summary>
internal sealed class VoucherBacklog
{
    private const int Members = 20;
    private const int Sessions = 2000;
    private const int Rises = 5;
    private const int Workers = 6;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Member[] _members;
    private readonly (long Up, long Down)[] _expected = new (long, long)[Members];
    private readonly (Member Sender, SignedVoucher[] Vouchers)[] _reports;
    private readonly ConcurrentDictionary<VoucherId, long> _acknowledged = [];
    private readonly Stopwatch _clock = new();
    private int _next = -1;
    private int _acknowledgedVouchers;
    private int _again;
    private long _lastAcknowledged;

    private VoucherBacklog(Member[] members, InstanceId instance, int mostInReport)
    {
        var random = new Random(11);
        _members = members;
        var wanted = new List<(int Sender, int Receiver, int Session, long Bytes)>();
        for (var session = 0; session < Sessions; session++)
        {
            var sender = random.Next(Members);
            var receiver = (sender + 1 + random.Next(Members - 1)) % Members;
            var bytes = 0L;
            for (var rise = 0; rise < Rises; rise++)
                wanted.Add((sender, receiver, session, bytes += random.Next(1, 400_000)));
            _expected[sender].Up += bytes;
            _expected[receiver].Down += bytes;
        }

        var vouchers = wanted.AsParallel().AsOrdered().Select(one =>
        {
            var id = default(VoucherId);
            var json = members[one.Receiver].Voucher(instance, members[one.Sender], $"{one.Session}", one.Bytes, voucher =>
            {
                id = voucher.Id;
                return voucher;
            });
            return (one.Sender, Signed: new SignedVoucher(id, one.Bytes, json));
        }).ToArray();
        var reports = new List<(Member, SignedVoucher[])>();
        foreach (var ofSender in vouchers.OrderBy(_ => random.Next()).GroupBy(voucher => voucher.Sender))
        {
            for (var left = ofSender.Select(voucher => voucher.Signed).ToArray(); left.Length > 0;)
            {
                var count = Math.Min(left.Length, random.Next(1, mostInReport + 1));
                reports.Add((members[ofSender.Key], left[..count]));
                left = left[count..];
            }
        }

        _reports = [.. reports.OrderBy(_ => random.Next())];
    }

    public static int Vouchers => Sessions * Rises;

    /// <summary>Vouchers that the tracker has said it has.</summary>
    public int Acknowledged => Volatile.Read(ref _acknowledgedVouchers);

    /// <summary>Reports that were made again.</summary>
    public int Again => _again;

    /// <summary>When the newest acknowledgement came, from <see cref="Stopwatch.GetTimestamp"/>.</summary>
    public long LastAcknowledged => Volatile.Read(ref _lastAcknowledged);

    /// <summary>The highest value of each session that has been acknowledged until now.</summary>
    public Dictionary<VoucherId, long> Acknowledgements => new(_acknowledged);

    public static async Task<VoucherBacklog> CreateAsync(HttpClient tracker, int mostInReport = 60)
    {
        var members = await Task.WhenAll(Enumerable.Range(0, Members).Select(i => Member.RegisteredAsync(tracker, $"m{i}")));
        return new(members, InstanceId.From(Convert.FromHexString(await tracker.InstanceIdAsync())), mostInReport);
    }

    /// <summary>Makes every report, from several members at once.</summary>
    /// <param name="trackers">Asked in turn, so that a report is made again at another one.</param>
    public Task RunAsync(HttpClient[] trackers)
    {
        _clock.Start();
        return Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            for (int i; (i = Interlocked.Increment(ref _next)) < _reports.Length;)
            {
                for (var attempt = worker; !await TryAsync(trackers[attempt % trackers.Length], _reports[i].Sender, _reports[i].Vouchers); attempt++)
                {
                    Interlocked.Increment(ref _again);
                    Assert.True(_clock.Elapsed < Patience, $"{Acknowledged} of {Vouchers} vouchers within {Patience}.");
                    await Task.Delay(250);
                }
            }
        })));
    }

    /// <summary>Compares every member's totals, and the database, to the byte with what must have come of all of it.</summary>
    public async Task AssertExactAsync(HttpClient tracker, string database)
    {
        for (var i = 0; i < Members; i++)
            Assert.Equal(_expected[i], await _members[i].TotalsAsync(tracker));
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("SELECT count(*), sum(credited)::bigint, sum(bytes)::bigint FROM voucher_sessions");
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        var all = _expected.Sum(total => total.Up);
        Assert.Equal(((long)Sessions, all, all), (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2)));
    }

    /// <summary>Sessions of which the database has less than was acknowledged.</summary>
    public static async Task<int> CountLostAsync(string database, Dictionary<VoucherId, long> acknowledged)
    {
        var known = new Dictionary<VoucherId, long>();
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("SELECT id, bytes FROM voucher_sessions");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            known[VoucherId.From(reader.GetFieldValue<byte[]>(0))] = reader.GetInt64(1);
        return acknowledged.Count(pair => known.GetValueOrDefault(pair.Key) < pair.Value);
    }

    private async Task<bool> TryAsync(HttpClient tracker, Member sender, SignedVoucher[] vouchers)
    {
        try
        {
            var (status, answer) = await sender.ReportVouchersAsync(tracker, vouchers.Select(voucher => voucher.Json));
            if (status != HttpStatusCode.OK)
                return false;
            var results = answer["voucher_results"]!.AsArray().Select(result => (string)result!["status"]!).ToArray();
            Assert.All(results, result => Assert.Contains(result, new[] { "accepted", "duplicate", "busy" }));
            if (results.Contains("busy"))
                return false;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return false;
        }

        foreach (var voucher in vouchers)
            _acknowledged.AddOrUpdate(voucher.Id, voucher.Bytes, (_, before) => Math.Max(before, voucher.Bytes));
        Interlocked.Add(ref _acknowledgedVouchers, vouchers.Length);
        Volatile.Write(ref _lastAcknowledged, Stopwatch.GetTimestamp());
        return true;
    }

    private sealed record SignedVoucher(VoucherId Id, long Bytes, JsonObject Json);
}
