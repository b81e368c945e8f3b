using System.Net;
using System.Text.Json.Nodes;
using Pbts.Peer;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Members;

/// <summary>Each way in which the reference's reputation could be faked, tried against ours.</summary>
[Collection("node")]
public sealed class ReportTests(SharedNode shared)
{
    private const int Size = 1000;

    private readonly HttpClient _tracker = shared.Node.Http;

    private Task<Member> MemberAsync(string name, MemberIdentity? identity = null) => Member.RegisteredAsync(_tracker, name, identity);

    [Fact]
    public async Task A_receipt_credits_its_sender_and_debits_its_receiver_by_the_same_amount()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));

        var (status, answer) = await alice.ReportAsync(_tracker, bob.Receipt(alice, "one"), bob.Receipt(alice, "two", 1, sha1: true), bob.EpochReceipt(alice, "three", 2));

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(["accepted", "accepted", "accepted"], answer.Statuses());
        Assert.Equal((3, true, true), ((int)answer["verified_receipts"]!, (bool)answer["stats_updated"]!, (bool)answer["verified"]!));
        Assert.Equal((3 * Size, 0), await alice.TotalsAsync(_tracker));
        Assert.Equal((0, 3 * Size), await bob.TotalsAsync(_tracker));
        Assert.Equal((0.0, false), ((double)(await _tracker.GetJsonAsync($"/user/{bob.UserId}")).Answer["ratio"]!, (bool)(await _tracker.GetJsonAsync($"/user/{bob.UserId}")).Answer["ratio_infinite"]!));
    }

    [Fact]
    public async Task An_infinite_ratio_is_null_and_marked()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var (_, answer) = await alice.ReportAsync(_tracker, bob.Receipt(alice, "one"));
        Assert.Null(answer["ratio"]);
        Assert.True((bool)answer["ratio_infinite"]!);
        Assert.Equal(1.0, (double)(await _tracker.GetJsonAsync($"/user/{(await MemberAsync("carol")).UserId}")).Answer["ratio"]!);
    }

    [Fact]
    public async Task Claimed_deltas_credit_nothing()
    {
        var alice = await MemberAsync("alice");
        var (status, answer) = await _tracker.PostAsync("/report", new JsonObject { ["user_id"] = alice.UserId, ["uploaded_delta"] = 1_000_000_000_000, ["downloaded_delta"] = 5 });
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("ignored", (string)answer["warning"]!, StringComparison.Ordinal);
        Assert.False((bool)answer["stats_updated"]!);
        Assert.Equal((0, 0), await alice.TotalsAsync(_tracker));
    }

    [Theory]
    [InlineData("uploaded_delta", "-1")]
    [InlineData("downloaded_delta", "-5000")]
    [InlineData("uploaded_delta", "1.5")]
    [InlineData("uploaded_delta", "\"many\"")]
    [InlineData("uploaded_delta", "99999999999999999999999")]
    public async Task A_negative_or_malformed_delta_is_refused(string field, string value)
    {
        var alice = await MemberAsync("alice");
        var (status, answer) = await _tracker.PostTextAsync("/report", $$"""{"user_id":"{{alice.UserId}}","{{field}}":{{value}}}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(field, (string)answer["error"]!, StringComparison.Ordinal);
        Assert.Equal((0, 0), await alice.TotalsAsync(_tracker));
    }

    [Fact]
    public async Task A_receipt_repeated_in_one_report_counts_once()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var receipt = bob.Receipt(alice, "one");
        var (_, answer) = await alice.ReportAsync(_tracker, Enumerable.Repeat(receipt, 20));
        Assert.Equal(1, answer.Statuses().Count(status => status == "accepted"));
        Assert.Equal(19, answer.Statuses().Count(status => status == "duplicate"));
        Assert.Equal((Size, 0), await alice.TotalsAsync(_tracker));
    }

    [Fact]
    public async Task A_report_sent_again_gets_duplicates_and_the_same_totals()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var receipts = Enumerable.Range(0, 5).Select(i => bob.Receipt(alice, "piece", (uint)i)).ToArray();
        var first = (await alice.ReportAsync(_tracker, receipts)).Answer;
        Assert.Equal((5, true), ((int)first["verified_receipts"]!, (bool)first["stats_updated"]!));
        var second = (await alice.ReportAsync(_tracker, receipts)).Answer;
        Assert.Equal(Enumerable.Repeat("duplicate", 5), second.Statuses());
        Assert.Equal((0, false), ((int)second["verified_receipts"]!, (bool)second["stats_updated"]!));
        Assert.Equal((long)first["total_uploaded"]!, (long)second["total_uploaded"]!);
    }

    [Fact]
    public async Task A_receipt_signed_again_in_the_same_hour_is_the_same_receipt_and_in_the_next_hour_another()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var hour = Member.Now / 3600 * 3600;
        var (_, answer) = await alice.ReportAsync(_tracker,
            bob.Receipt(alice, "piece", timestamp: hour - 7200), bob.Receipt(alice, "piece", timestamp: hour - 7199),
            bob.EpochReceipt(alice, "piece", epoch: (ulong)(hour / 3600) - 2), bob.Receipt(alice, "piece", timestamp: hour - 3600));
        Assert.Equal(["accepted", "duplicate", "duplicate", "accepted"], answer.Statuses());
    }

    [Fact]
    public async Task A_larger_size_does_not_make_a_spent_receipt_new()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var receipt = bob.Receipt(alice, "one");
        await alice.ReportAsync(_tracker, receipt);
        receipt["piece_size"] = 1 << 20;
        Assert.Equal(["duplicate"], (await alice.ReportAsync(_tracker, receipt)).Answer.Statuses());
        Assert.Equal((Size, 0), await alice.TotalsAsync(_tracker));
    }

    [Fact]
    public async Task Bytes_moved_between_fields_are_refused()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var honest = bob.Receipt(alice, "one");
        var all = Convert.FromHexString((string)honest["infohash"]!).Concat(alice.Key.ToArray()).Concat(Convert.FromHexString((string)honest["piece_hash"]!)).ToArray();
        foreach (var (info, key) in new[] { (19, 49), (21, 47), (20, 47), (20, 49), (0, 68), (32, 48), (20, 60), (68, 0) })
        {
            var shifted = (JsonObject)honest.DeepClone();
            shifted["infohash"] = Convert.ToHexStringLower(all[..info]);
            shifted["sender_pk"] = Convert.ToBase64String(all[info..(info + key)]);
            shifted["piece_hash"] = Convert.ToHexStringLower(all[(info + key)..]);
            Assert.Equal(["malformed"], (await alice.ReportAsync(_tracker, shifted)).Answer.Statuses());
        }

        Assert.Equal((0, 0), await alice.TotalsAsync(_tracker));
    }

    [Theory]
    [InlineData("1000000000000000", "too_large")]
    [InlineData("16777217", "too_large")]
    [InlineData("-1", "malformed")]
    [InlineData("10.5", "malformed")]
    [InlineData("\"16384\"", "malformed")]
    [InlineData("18446744073709551615", "malformed")]
    public async Task A_size_out_of_bounds_is_refused_and_burns_nothing(string size, string expected)
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var receipt = bob.Receipt(alice, "one", size: null);
        var bad = (JsonObject)receipt.DeepClone();
        bad["piece_size"] = JsonNode.Parse(size);
        Assert.Equal([expected], (await alice.ReportAsync(_tracker, bad)).Answer.Statuses());
        Assert.Equal(["accepted"], (await alice.ReportAsync(_tracker, receipt)).Answer.Statuses());
        Assert.Equal((16384, 0), await alice.TotalsAsync(_tracker));
    }

    [Fact]
    public async Task Nobody_cashes_in_or_burns_the_receipts_of_another()
    {
        var (alice, bob, mallory) = (await MemberAsync("alice"), await MemberAsync("bob"), await MemberAsync("mallory"));
        var receipt = bob.Receipt(alice, "one");
        var renamed = (JsonObject)receipt.DeepClone();
        renamed.Remove("sender_pk");
        Assert.Equal(["not_your_receipt", "bad_signature"], (await mallory.ReportAsync(_tracker, receipt, renamed)).Answer.Statuses());
        Assert.Equal((0, 0), await mallory.TotalsAsync(_tracker));
        Assert.Equal(["accepted"], (await alice.ReportAsync(_tracker, receipt)).Answer.Statuses());
    }

    [Fact]
    public async Task The_sender_defaults_to_the_reporter()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var receipt = bob.Receipt(alice, "one");
        receipt.Remove("sender_pk");
        Assert.Equal(["accepted"], (await alice.ReportAsync(_tracker, receipt)).Answer.Statuses());
    }

    [Fact]
    public async Task Made_up_unproven_and_own_receivers_give_no_credit()
    {
        var alice = await MemberAsync("alice");
        var stranger = new Member("stranger");
        var unproven = new Member("unproven");
        Assert.Equal(HttpStatusCode.OK, (await unproven.RegisterAsync(_tracker, signed: false)).Status);
        var (_, answer) = await alice.ReportAsync(_tracker, stranger.Receipt(alice, "one"), unproven.Receipt(alice, "two"), alice.Receipt(alice, "three"));
        Assert.Equal(["unknown_receiver", "unproven", "self_receipt"], answer.Statuses());
        Assert.Equal((0, 0), await alice.TotalsAsync(_tracker));
    }

    [Fact]
    public async Task An_unproven_reporter_earns_nothing()
    {
        var bob = await MemberAsync("bob");
        var alice = new Member("alice");
        await alice.RegisterAsync(_tracker, signed: false);
        Assert.Equal(["unproven"], (await alice.ReportAsync(_tracker, bob.Receipt(alice, "one"))).Answer.Statuses());
        await alice.RegisterAsync(_tracker);
        Assert.Equal(["accepted"], (await alice.ReportAsync(_tracker, bob.Receipt(alice, "one"))).Answer.Statuses());
    }

    [Fact]
    public async Task Swapped_signatures_fail_each_and_one_bad_receipt_costs_the_others_nothing()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var receipts = Enumerable.Range(0, 6).Select(i => bob.Receipt(alice, "piece", (uint)i)).ToArray();
        (receipts[1]["signature"], receipts[4]["signature"]) = (receipts[4]["signature"]!.DeepClone(), receipts[1]["signature"]!.DeepClone());
        var (status, answer) = await alice.ReportAsync(_tracker, receipts);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(["accepted", "bad_signature", "accepted", "accepted", "bad_signature", "accepted"], answer.Statuses());
        Assert.Equal(4, (int)answer["verified_receipts"]!);
        Assert.Equal((4 * Size, 0), await alice.TotalsAsync(_tracker));
    }

    [Fact]
    public async Task A_report_ends_after_sixteen_bad_signatures_and_says_of_the_rest_that_nobody_looked()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var receipts = Enumerable.Range(0, 50).Select(i => bob.Receipt(alice, "piece", (uint)i)).ToArray();
        var wrong = receipts[49]["signature"]!;
        foreach (var receipt in receipts[10..40])
            receipt["signature"] = wrong.DeepClone();

        var first = (await alice.ReportAsync(_tracker, receipts)).Answer;
        var statuses = first.Statuses();
        Assert.Equal(Enumerable.Repeat("accepted", 10), statuses[..10]);
        Assert.Equal(22, statuses.Count(status => status == "bad_signature"));
        Assert.Equal(Enumerable.Repeat("busy", 18), statuses[32..]);
        Assert.Equal((10 * Size, 0), await alice.TotalsAsync(_tracker));

        // What was not looked at loses nothing by being sent again.
        var rest = receipts[32..];
        var second = (await alice.ReportAsync(_tracker, rest)).Answer.Statuses();
        Assert.Equal(Enumerable.Repeat("bad_signature", 8).Concat(Enumerable.Repeat("accepted", 10)), second);
        Assert.Equal((20 * Size, 0), await alice.TotalsAsync(_tracker));
    }

    [Fact]
    public async Task A_bad_copy_before_the_good_one_does_not_hide_it()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var good = bob.Receipt(alice, "one");
        var bad = (JsonObject)good.DeepClone();
        bad["signature"] = bob.Receipt(alice, "other")["signature"]!.DeepClone();
        Assert.Equal(["bad_signature", "accepted"], (await alice.ReportAsync(_tracker, bad, good)).Answer.Statuses());
    }

    [Fact]
    public async Task An_undecodable_key_in_the_report_is_an_error_and_no_way_around_verification()
    {
        var alice = await MemberAsync("alice");
        var (status, answer) = await _tracker.PostAsync("/report", new JsonObject { ["user_id"] = alice.UserId, ["public_key"] = "!!!", ["uploaded_delta"] = 100 });
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("public_key", (string)answer["error"]!, StringComparison.Ordinal);
        Assert.Equal((0, 0), await alice.TotalsAsync(_tracker));
    }

    [Theory]
    [InlineData(100, "accepted")]
    [InlineData(240, "future")]
    [InlineData(3600, "future")]
    [InlineData(-86_000, "accepted")]
    [InlineData(-86_600, "expired")]
    public async Task Receipts_are_accepted_within_the_window_only(int offset, string expected)
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        Assert.Equal([expected], (await alice.ReportAsync(_tracker, bob.Receipt(alice, "one", timestamp: Member.Now + offset))).Answer.Statuses());
    }

    [Fact]
    public async Task A_second_signed_as_an_hour_or_an_hour_as_a_second_is_out_of_the_window()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var http = bob.Receipt(alice, "one");
        http["t_epoch"] = http["timestamp"]!.DeepClone();
        http.Remove("timestamp");
        var hour = bob.EpochReceipt(alice, "one");
        hour["timestamp"] = hour["t_epoch"]!.DeepClone();
        hour.Remove("t_epoch");
        Assert.Equal(["future", "expired"], (await alice.ReportAsync(_tracker, http, hour)).Answer.Statuses());
    }

    [Fact]
    public async Task Timestamp_zero_is_a_time_and_not_a_missing_field()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var missing = bob.Receipt(alice, "one");
        missing.Remove("timestamp");
        var fraction = bob.Receipt(alice, "one");
        fraction["timestamp"] = 1.5;
        var (_, answer) = await alice.ReportAsync(_tracker, bob.Receipt(alice, "one", timestamp: 0), missing, fraction);
        Assert.Equal(["expired", "malformed", "malformed"], answer.Statuses());
        Assert.Contains("timestamp", (string)answer["results"]![1]!["error"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Eight_parallel_posts_of_one_receipt_credit_it_once()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var receipt = bob.Receipt(alice, "one");
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => alice.ReportAsync(_tracker, receipt)));
        Assert.Equal(1, answers.Count(answer => answer.Answer.Statuses()[0] == "accepted"));
        Assert.Equal((Size, 0), await alice.TotalsAsync(_tracker));
        Assert.Equal((0, Size), await bob.TotalsAsync(_tracker));
    }

    [Fact]
    public async Task More_than_a_thousand_receipts_and_a_body_too_long_are_refused()
    {
        var alice = await MemberAsync("alice");
        var (status, answer) = await alice.ReportAsync(_tracker, Enumerable.Range(0, 1001).Select(_ => new JsonObject()));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("receipts", (string)answer["error"]!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await _tracker.PostTextAsync("/report", $$"""{"user_id":"{{new string('x', 3 << 20)}}"}""")).Status);
    }

    [Fact]
    public async Task What_names_no_sender_is_the_reporters_and_what_names_nobody_is_not()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var (receipt, voucher) = (bob.Receipt(alice, "one"), await bob.VoucherAsync(_tracker, alice, "session", 10));
        receipt.Remove("sender_pk");
        voucher.Remove("sender_pk");
        var (nobodys, nobodysVoucher) = (bob.Receipt(alice, "two"), await bob.VoucherAsync(_tracker, alice, "another", 10));
        var nobody = Convert.ToBase64String(new byte[MemberKey.Length]);
        (nobodys["sender_pk"], nobodysVoucher["sender_pk"]) = (nobody, nobody);
        var (_, answer) = await _tracker.PostAsync("/report", new JsonObject
        {
            ["user_id"] = alice.UserId, ["passkey"] = alice.Passkey, ["receipts"] = new JsonArray(nobodys, new JsonObject(), receipt),
            ["vouchers"] = new JsonArray(new JsonObject(), voucher, nobodysVoucher),
        });
        Assert.Equal(["not_your_receipt", "malformed", "accepted"], answer.Statuses());
        Assert.Equal(["malformed", "accepted", "not_your_voucher"], answer["voucher_results"]!.AsArray().Select(result => (string)result!["status"]!));
        // The totals are those after this report, and those of a repetition the same.
        Assert.Equal((1010, 0), ((long)answer["total_uploaded"]!, (long)answer["total_downloaded"]!));
        (_, answer) = await alice.ReportAsync(_tracker, receipt);
        Assert.Equal(["duplicate"], answer.Statuses());
        Assert.Equal(1010, (long)answer["total_uploaded"]!);
    }

    [Fact]
    public async Task Of_an_unproven_reporter_all_is_unproven_but_what_is_malformed()
    {
        var (alice, bob) = (new Member("alice"), await MemberAsync("bob"));
        Assert.Equal(HttpStatusCode.OK, (await alice.RegisterAsync(_tracker, signed: false)).Status);
        var (_, answer) = await alice.ReportAsync(_tracker, bob.Receipt(alice, "one"), new JsonObject(), bob.Receipt(new Member("other"), "two"));
        Assert.Equal(["unproven", "malformed", "unproven"], answer.Statuses());
    }

    [Fact]
    public async Task An_unknown_reporter_is_404_and_a_foreign_passkey_401()
    {
        Assert.Equal(HttpStatusCode.NotFound, (await new Member("nobody").ReportAsync(_tracker)).Status);
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await _tracker.PostAsync("/report", new JsonObject { ["user_id"] = alice.UserId, ["passkey"] = bob.Passkey })).Status);
        Assert.Equal(HttpStatusCode.OK, (await _tracker.PostAsync("/report", new JsonObject { ["user_id"] = alice.UserId, ["passkey"] = alice.Passkey })).Status);
    }

    [Fact]
    public async Task The_history_pages_through_both_sides_and_is_shown_to_its_owner_only()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        await alice.ReportAsync(_tracker, Enumerable.Range(0, 5).Select(i => bob.Receipt(alice, "piece", (uint)i)));
        await bob.ReportAsync(_tracker, alice.Receipt(bob, "back"));
        var seen = new HashSet<string>();
        var path = $"/user/{alice.UserId}/receipts?limit=4";
        var pages = 0;
        for (string? next = path; next is not null; pages++)
        {
            var page = (await _tracker.GetJsonAsync(next, ("X-Passkey", alice.Passkey), ("X-Forwarded-For", "203.0.113.1"))).Answer;
            Assert.All(page["receipts"]!.AsArray(), receipt => Assert.Equal(bob.UserId, (string)receipt!["counterpart"]!));
            Assert.All(page["receipts"]!.AsArray(), receipt => Assert.True(seen.Add((string)receipt!["id"]!)));
            next = page["next_before"] is { } cursor ? $"{path}&before={(string)cursor!}" : null;
        }

        Assert.Equal((6, 2), (seen.Count, pages));

        // Both sides of a receipt have one id, time and size: two lists side by side would say who met whom.
        foreach (var passkey in new[] { "", bob.Passkey, new string('0', 32) })
        {
            var (status, answer) = await _tracker.GetJsonAsync(path, ("X-Passkey", passkey), ("X-Forwarded-For", "203.0.113.1"));
            Assert.Equal((HttpStatusCode.Unauthorized, false), (status, answer.ContainsKey("receipts")));
        }
    }
}
