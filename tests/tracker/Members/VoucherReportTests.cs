using System.Net;
using System.Text.Json.Nodes;
using Pbts.Protocol.Vouchers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Members;

/// <summary><c>POST /report</c> with vouchers.</summary>
public sealed class VoucherReportTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task What_a_session_rises_by_is_credited_whatever_is_reported_again()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        var (sender, receiver) = (await Member.RegisteredAsync(node.Http, "sender"), await Member.RegisteredAsync(node.Http, "receiver"));
        JsonObject[] vouchers = [await receiver.VoucherAsync(node.Http, sender, "a", 1000), await receiver.VoucherAsync(node.Http, sender, "a", 5000), await receiver.VoucherAsync(node.Http, sender, "b", 70)];

        var (status, answer) = await sender.ReportVouchersAsync(node.Http, vouchers[0]);
        Assert.Equal((HttpStatusCode.OK, "accepted", 1000L, 1000L, 1), (status, Text(answer, 0), Number(answer, 0, "credited"), Number(answer, 0, "total"), (int)answer["verified_vouchers"]!));
        (_, answer) = await sender.ReportVouchersAsync(node.Http, [.. vouchers, vouchers[1]]);
        Assert.Equal(["duplicate", "accepted", "accepted", "duplicate"], Statuses(answer));
        Assert.Equal([0L, 4000, 70, 0], Enumerable.Range(0, 4).Select(i => Number(answer, i, "credited")));
        Assert.Equal((5070L, true, 4), ((long)answer["total_uploaded"]!, (bool)answer["stats_updated"]!, (int)answer["verified_vouchers"]!));
        Assert.Equal((5070, 5070), ((await sender.TotalsAsync(node.Http)).Uploaded, (await receiver.TotalsAsync(node.Http)).Downloaded));

        // Beside receipts, each with results of its own.
        (_, answer) = await node.Http.PostAsync("/report", new JsonObject
        {
            ["user_id"] = sender.UserId, ["receipts"] = new JsonArray(receiver.Receipt(sender, "piece")),
            ["vouchers"] = new JsonArray(await receiver.VoucherAsync(node.Http, sender, "b", 100)),
        });
        Assert.Equal(["accepted", "accepted"], answer.Statuses().Concat(Statuses(answer)));
    }

    [Fact]
    public async Task Whatever_is_not_signed_by_a_member_for_this_sender_and_tracker_is_refused()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Receipts__MaxRate", "1000"));
        var (sender, receiver, third) = (await Member.RegisteredAsync(node.Http, "sender"), await Member.RegisteredAsync(node.Http, "receiver"), await Member.RegisteredAsync(node.Http, "third"));
        var (unknown, unproven) = (new Member("unknown"), new Member("unproven"));
        await unproven.RegisterAsync(node.Http, signed: false);
        var now = Member.Now;

        var good = await receiver.VoucherAsync(node.Http, sender, "good", 10);
        JsonObject With(string field, JsonNode? value)
        {
            var changed = (JsonObject)good.DeepClone();
            changed[field] = value;
            return changed;
        }

        (string Expected, JsonObject Voucher)[] cases =
        [
            ("bad_signature", await receiver.VoucherAsync(node.Http, sender, "1", 10, voucher => voucher with { Instance = InstanceId.From(new byte[32]) })),
            ("bad_signature", With("bytes", 11)),
            ("bad_signature", With("opened", (long)good["opened"]! - 1)),
            ("bad_signature", With("signed_at", (long)good["signed_at"]! - 1)),
            ("bad_signature", With("infohash", new string('a', 40))),
            ("bad_signature", With("session", new string('a', 32))),
            ("bad_signature", With("receiver_pk", third.PublicKey)),
            ("not_your_voucher", await receiver.VoucherAsync(node.Http, third, "2", 10)),
            ("self_voucher", await sender.VoucherAsync(node.Http, sender, "3", 10)),
            ("unknown_receiver", await unknown.VoucherAsync(node.Http, sender, "4", 10)),
            ("unproven", await unproven.VoucherAsync(node.Http, sender, "5", 10)),
            ("future", await receiver.VoucherAsync(node.Http, sender, "6", 10, voucher => voucher with { SignedAt = now + 200 })),
            ("expired", await receiver.VoucherAsync(node.Http, sender, "7", 10, voucher => voucher with { Opened = 0, SignedAt = now - (31 * 86400) })),
            ("too_fast", await receiver.VoucherAsync(node.Http, sender, "8", 70_000, voucher => voucher with { Opened = now, SignedAt = now })),
            ("malformed", With("bytes", 0)),
            ("malformed", With("bytes", 1L << 53)),
            ("malformed", With("opened", now + 100)),
            ("malformed", With("session", "abcd")),
            ("malformed", With("signature", null)),
            ("malformed", With("receiver_pk", "AAAA")),
            ("malformed", With("signed_at", -1)),
            ("accepted", good),
        ];
        var (_, answer) = await sender.ReportVouchersAsync(node.Http, cases.Select(one => one.Voucher));
        Assert.Equal(cases.Select(one => one.Expected), Statuses(answer));
        Assert.StartsWith("bytes ", (string)answer["voucher_results"]![14]!["error"]!, StringComparison.Ordinal);
        Assert.StartsWith("signed_at is before opened", (string)answer["voucher_results"]![16]!["error"]!, StringComparison.Ordinal);
        Assert.Equal((10, 10), ((await sender.TotalsAsync(node.Http)).Uploaded, (await receiver.TotalsAsync(node.Http)).Downloaded));

        // A session begins once.
        Assert.Equal(["malformed"], Statuses((await sender.ReportVouchersAsync(node.Http, await receiver.VoucherAsync(node.Http, sender, "good", 20, voucher => voucher with { Opened = 5 }))).Answer));
        var many = Enumerable.Repeat(good, 1001);
        Assert.Equal(HttpStatusCode.BadRequest, (await sender.ReportVouchersAsync(node.Http, many)).Status);
    }

    [Fact]
    public async Task What_a_receiver_may_owe_bounds_the_credit_and_the_gate()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("INIT_CREDIT", "1000000"), ("MIN_RATIO", "0.5"), ("Receipts__ReceiverSlack", "500000"));
        var (sender, receiver) = (await Member.RegisteredAsync(node.Http, "sender"), await Member.RegisteredAsync(node.Http, "receiver"));
        var (_, user) = await node.Http.GetJsonAsync($"/user/{receiver.UserId}");
        Assert.Equal((1_000_000L, 1_000_000L), ((long)user["limit"]!, (long)user["may_download"]!));

        var voucher = await receiver.VoucherAsync(node.Http, sender, "a", 2_000_000);
        var (_, answer) = await sender.ReportVouchersAsync(node.Http, voucher);
        Assert.Equal(("partial", "receiver_limit", 1_500_000L), (Text(answer, 0), (string)answer["voucher_results"]![0]!["reason"]!, Number(answer, 0, "credited")));
        Assert.Equal(500_000, (await Metrics.ReadAsync(node)).Value("pbts_credit_refused_bytes_total", "limit=\"receiver_limit\""));
        var announced = await node.Http.GetStringAsync($"/announce/{receiver.Passkey}?info_hash={Uri.EscapeDataString(new string('a', 20))}&peer_id={new string('p', 20)}&port=1&left=1");
        Assert.Contains("Insufficient ratio: 0.00 < 0.50", announced, StringComparison.Ordinal);

        // It gives back as much as it took: its ratio is good again, but untrusted it owes what it did.
        await receiver.ReportVouchersAsync(node.Http, await sender.VoucherAsync(node.Http, receiver, "back", 900_000));
        (_, user) = await node.Http.GetJsonAsync($"/user/{receiver.UserId}");
        Assert.Equal((1_800_000L, 300_000L), ((long)user["limit"]!, (long)user["may_download"]!));
        (_, answer) = await sender.ReportVouchersAsync(node.Http, voucher);
        Assert.Equal(("accepted", 500_000L, 2_000_000L), (Text(answer, 0), Number(answer, 0, "credited"), Number(answer, 0, "total")));
    }

    private static IEnumerable<string> Statuses(JsonObject answer) => answer["voucher_results"]!.AsArray().Select(result => (string)result!["status"]!);

    private static string Text(JsonObject answer, int index) => (string)answer["voucher_results"]![index]!["status"]!;

    private static long Number(JsonObject answer, int index, string name) => (long)answer["voucher_results"]![index]![name]!;
}
