using System.Net;
using System.Text.Json.Nodes;
using Pbts.Peer;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Members;

/// <summary>Who may change the tracker or let private keys pass through it.</summary>
[Collection("node")]
public sealed class AdministrationTests(SharedNode shared)
{
    private readonly HttpClient _tracker = shared.Node.Http;

    [Theory]
    [InlineData("X-Forwarded-For", "127.0.0.1")]
    [InlineData("X-Real-IP", "127.0.0.1")]
    [InlineData("Forwarded", "for=127.0.0.1")]
    [InlineData("Via", "1.1 proxy")]
    [InlineData("CF-Connecting-IP", "127.0.0.1")]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "http://203.0.113.7")]
    [InlineData("Origin", "http://[2001:db8::7]:8000")]
    [InlineData("Origin", "http://localhost.evil.example")]
    [InlineData("Origin", "http://localhost:9999")]
    [InlineData("Origin", "http://127.0.0.1")]
    [InlineData("X-Forwarded-Whatever", "1")]
    [InlineData("True-Client-IP", "127.0.0.1")]
    [InlineData("Host", "rebound.example")]
    public async Task Without_a_token_only_direct_callers_from_this_machine_administer_or_see_keys(string header, string value)
    {
        Assert.Equal(HttpStatusCode.Forbidden, (await _tracker.PostTextAsync("/config", """{"receipt_window":86400}""", headers: (header, value))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await _tracker.PostTextAsync("/keygen", "", headers: (header, value))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await _tracker.PostTextAsync("/attest", "{}", headers: (header, value))).Status);
    }

    [Fact]
    public async Task The_readmes_curl_commands_work_from_this_machine()
    {
        // curl -d sends this content type when none is given.
        const string Form = "application/x-www-form-urlencoded";
        Assert.Equal(HttpStatusCode.OK, (await _tracker.PostTextAsync("/config", """{"verify_signatures": true}""", Form)).Status);
        var (status, key) = await _tracker.PostTextAsync("/keygen", "", Form);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((32, 48), (Convert.FromBase64String((string)key["private_key"]!).Length, Convert.FromBase64String((string)key["public_key"]!).Length));
        Assert.Equal(("BLS12-381", 32, 48), ((string)key["key_type"]!, (int)key["private_key_size"]!, (int)key["public_key_size"]!));
        var (registered, _) = await _tracker.PostAsync("/register", new JsonObject { ["user_id"] = $"curl-{Random.Shared.Next()}", ["public_key"] = key["public_key"]!.DeepClone() });
        Assert.Equal(HttpStatusCode.OK, registered);
    }

    [Theory]
    [InlineData("""{"verify_signatures":"false"}""", "verify_signatures")]
    [InlineData("""{"verify_signatures":0}""", "verify_signatures")]
    [InlineData("""{"receipt_window":-1}""", "receipt_window")]
    [InlineData("""{"receipt_window":"7200"}""", "receipt_window")]
    [InlineData("""{"receipt_window":99999999999}""", "receipt_window")]
    [InlineData("""{"receipt_window":4242,"tee_mode":"maybe"}""", "tee_mode")]
    [InlineData("""{"verify_signatures":false,"receipt_window":1.5}""", "receipt_window")]
    [InlineData("{}", "nothing")]
    public async Task A_bad_setting_is_named_and_changes_nothing(string body, string field)
    {
        var before = (await _tracker.GetJsonAsync("/config")).Answer.ToJsonString();
        var (status, answer) = await _tracker.PostTextAsync("/config", body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(field, (string)answer["error"]!, StringComparison.Ordinal);
        var after = (await _tracker.GetJsonAsync("/config")).Answer;
        Assert.Equal(JsonNode.Parse(before)!["receipt_window"]!.ToJsonString(), after["receipt_window"]!.ToJsonString());
        Assert.True((bool)after["verify_signatures"]!);
    }

    [Fact]
    public async Task Attest_and_verify_receipt_agree_and_keep_their_fields()
    {
        var receiver = (await _tracker.PostTextAsync("/keygen", "")).Answer;
        var sender = (await _tracker.PostTextAsync("/keygen", "")).Answer;
        var body = new JsonObject
        {
            ["receiver_private_key"] = (string)receiver["private_key"]!, ["sender_public_key"] = (string)sender["public_key"]!,
            ["piece_hash"] = new string('a', 40), ["piece_index"] = 3, ["infohash"] = new string('B', 40),
        };
        var (status, attested) = await _tracker.PostAsync("/attest", body);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(96, Convert.FromBase64String((string)attested["receipt"]!).Length);
        Assert.InRange((long)attested["timestamp"]!, Member.Now - 60, Member.Now + 60);

        body.Remove("receiver_private_key");
        body["receiver_public_key"] = (string)receiver["public_key"]!;
        body["receipt"] = (string)attested["receipt"]!;
        body["timestamp"] = (long)attested["timestamp"]!;
        Assert.True((bool)(await _tracker.PostAsync("/verify-receipt", body)).Answer["valid"]!);
        body["piece_index"] = 4;
        Assert.False((bool)(await _tracker.PostAsync("/verify-receipt", body)).Answer["valid"]!);
        body["receipt"] = "AAAA";
        Assert.False((bool)(await _tracker.PostAsync("/verify-receipt", body)).Answer["valid"]!);
        body.Remove("timestamp");
        Assert.Equal(HttpStatusCode.BadRequest, (await _tracker.PostAsync("/verify-receipt", body)).Status);
    }

    [Fact]
    public async Task A_voucher_that_attest_signs_verifies_and_is_credited()
    {
        var keys = (await _tracker.PostTextAsync("/keygen", "")).Answer;
        Assert.True(MemberIdentity.TryFrom(Convert.FromBase64String((string)keys["private_key"]!), out var identity));
        var (sender, receiver) = (await Member.RegisteredAsync(_tracker, "sender"), await Member.RegisteredAsync(_tracker, "receiver", identity));
        var body = new JsonObject
        {
            ["receiver_private_key"] = (string)keys["private_key"]!, ["sender_pk"] = sender.PublicKey, ["infohash"] = new string('B', 40),
            ["session"] = new string('C', 32), ["bytes"] = 4_000_000,
        };
        var (status, attested) = await _tracker.PostAsync("/attest", body);
        Assert.True(status == HttpStatusCode.OK, attested.ToJsonString());
        Assert.False(attested.ContainsKey("receipt"));
        var voucher = attested["voucher"]!.AsObject();
        Assert.Equal((receiver.PublicKey, new string('c', 32), 4_000_000L), ((string)voucher["receiver_pk"]!, (string)voucher["session"]!, (long)voucher["bytes"]!));
        Assert.InRange((long)voucher["signed_at"]!, Member.Now - 60, Member.Now + 60);
        Assert.Equal((long)voucher["signed_at"]!, (long)voucher["opened"]!);

        Assert.True((bool)(await _tracker.PostAsync("/verify-receipt", voucher)).Answer["valid"]!);
        foreach (var field in new[] { "bytes", "signed_at" })
        {
            var changed = (JsonObject)voucher.DeepClone();
            changed[field] = (long)changed[field]! + 1;
            Assert.False((bool)(await _tracker.PostAsync("/verify-receipt", changed)).Answer["valid"]!);
        }

        var (_, report) = await sender.ReportVouchersAsync(_tracker, voucher);
        Assert.Equal(("accepted", 4_000_000L), ((string)report["voucher_results"]![0]!["status"]!, (long)report["voucher_results"]![0]!["total"]!));

        // Times that are given are signed; the same session with more bytes is worth what it rises by.
        (body["bytes"], body["opened"], body["signed_at"]) = (5_000_000, (long)voucher["opened"]!, (long)voucher["signed_at"]! + 1);
        voucher = (await _tracker.PostAsync("/attest", body)).Answer["voucher"]!.AsObject();
        Assert.Equal((long)body["signed_at"]!, (long)voucher["signed_at"]!);
        (_, report) = await sender.ReportVouchersAsync(_tracker, voucher);
        Assert.Equal(("accepted", 1_000_000L), ((string)report["voucher_results"]![0]!["status"]!, (long)report["voucher_results"]![0]!["credited"]!));
    }

    [Theory]
    [InlineData("session", null)]
    [InlineData("session", "\"abcd\"")]
    [InlineData("session", "7")]
    [InlineData("bytes", null)]
    [InlineData("bytes", "0")]
    [InlineData("bytes", "9007199254740992")]
    [InlineData("bytes", "\"1\"")]
    [InlineData("infohash", null)]
    [InlineData("infohash", "\"zz\"")]
    [InlineData("sender_pk", null)]
    [InlineData("sender_pk", "\"AAAA\"")]
    [InlineData("opened", "-1")]
    [InlineData("opened", "9223372036854775808")]
    [InlineData("signed_at", "0.5")]
    [InlineData("signed_at", "1699999999")]
    [InlineData("piece_hash", "\"aa\"")]
    [InlineData("piece_index", "0")]
    public async Task What_is_wrong_with_a_voucher_is_named(string field, string? value)
    {
        var member = new Member("m");
        var signed = await member.VoucherAsync(_tracker, new Member("s"), "x", 5, voucher => voucher with { Opened = 1_700_000_000, SignedAt = 1_700_000_001 });
        Assert.True((bool)(await _tracker.PostAsync("/verify-receipt", signed)).Answer["valid"]!);
        var toSign = (JsonObject)signed.DeepClone();
        toSign.Remove("receiver_pk");
        toSign.Remove("signature");
        toSign["receiver_private_key"] = Convert.ToBase64String([.. Enumerable.Repeat((byte)1, 32)]);
        foreach (var (path, body) in ((string, JsonObject)[])[("/attest", toSign), ("/verify-receipt", signed)])
        {
            body[field] = value is null ? null : JsonNode.Parse(value);
            var (status, answer) = await _tracker.PostAsync(path, body);
            Assert.True(status == HttpStatusCode.BadRequest, $"{path}: {answer.ToJsonString()}");
            Assert.StartsWith($"{field} ", (string)answer["error"]!, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("receiver_pk")]
    [InlineData("signature")]
    [InlineData("opened")]
    [InlineData("signed_at")]
    public async Task A_voucher_to_check_has_all_that_was_signed(string field)
    {
        var voucher = await new Member("m").VoucherAsync(_tracker, new Member("s"), "x", 5);
        foreach (var value in (string?[])[null, "AAAA"])
        {
            voucher[field] = value;
            var (status, answer) = await _tracker.PostAsync("/verify-receipt", voucher);
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.StartsWith($"{field} ", (string)answer["error"]!, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("//////////////////////////////////////////8=")]
    [InlineData("AAAA")]
    public async Task A_bad_private_key_is_400_and_never_repeated(string key)
    {
        var (status, answer) = await _tracker.PostAsync("/attest", new JsonObject
        {
            ["receiver_private_key"] = key, ["sender_public_key"] = new Member("m").PublicKey, ["piece_hash"] = new string('a', 40), ["piece_index"] = 3, ["infohash"] = new string('b', 40),
        });
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("receiver_private_key", (string)answer["error"]!, StringComparison.Ordinal);
        Assert.DoesNotContain(key, answer.ToJsonString(), StringComparison.Ordinal);

        (status, answer) = await _tracker.PostAsync("/attest", new JsonObject
        {
            ["receiver_private_key"] = key, ["sender_pk"] = new Member("m").PublicKey, ["infohash"] = new string('b', 40), ["session"] = new string('c', 32), ["bytes"] = 1,
        });
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.StartsWith("receiver_private_key ", (string)answer["error"]!, StringComparison.Ordinal);
        Assert.DoesNotContain(key, answer.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/register")]
    [InlineData("/report")]
    [InlineData("/attest")]
    [InlineData("/verify-receipt")]
    [InlineData("/config")]
    public async Task Bad_bodies_are_400_with_one_shape(string path)
    {
        foreach (var body in new[] { "", "null", "[]", "7", "\"text\"", "{", "{\"a\":}", new string('[', 1000), "{\"user_id\":\"\\ud800\"}", "{}" })
        {
            var (status, answer) = await _tracker.PostTextAsync(path, body, "text/plain");
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.False((bool)answer["success"]!);
            Assert.NotEmpty((string)answer["error"]!);
            Assert.DoesNotContain("Exception", answer.ToJsonString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Unknown_users_are_404_with_the_same_shape()
    {
        foreach (var path in new[] { "/user/nobody-here", "/user/nobody-here/receipts", "/user/a%20b", $"/user/{new string('x', 200)}" })
        {
            var (status, answer) = await _tracker.GetJsonAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, status);
            Assert.False((bool)answer["success"]!);
        }
    }

    [Fact]
    public async Task The_interface_describes_itself_without_a_network()
    {
        var paths = (await _tracker.GetJsonAsync("/openapi/v1.json")).Answer["paths"]!.AsObject();
        foreach (var path in new[] { "/register", "/report", "/user/{userId}", "/config", "/verify-receipt" })
            Assert.True(paths.ContainsKey(path), path);
        var page = await _tracker.GetStringAsync("/docs/");
        Assert.DoesNotContain("https://cdn", page, StringComparison.Ordinal);
    }
}
