using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Pbts.Attestation.Tests;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Bls;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Tee;

/// <summary>The TEE's endpoints of the real program, with a stand-in of the dstack agent.</summary>
public sealed class TeeApiTests(TrustedNode trusted) : IClassFixture<TrustedNode>, IAsyncLifetime
{
    private readonly DstackAgent _agent = trusted.Agent;
    private readonly NodeProcess _node = trusted.Node;

    private HttpClient Http => _node.Http;

    public Task InitializeAsync() => Http.PostTextAsync("/tee/reset-statistics", "");

    public async Task DisposeAsync()
    {
        _agent.Instead = _ => null;
        _agent.Debug = false;
        await SetModeAsync("enabled");
    }

    /// <summary>8.5: tee_keypair_generation, keypair_is_valid_bls, keypair_uniqueness, statistics; 9.G5.</summary>
    [Fact]
    public async Task G5_a_derived_key_can_be_derived_again_and_others_are_unique()
    {
        var (status, first) = await Http.PostTextAsync("/keygen-tee", "");
        Assert.True(status == HttpStatusCode.OK, first.ToJsonString());
        Assert.Equal(("BLS12-381 (TEE-derived)", true, 32, 48), ((string)first["key_type"]!, (bool)first["tee_derived"]!, (int)first["private_key_size"]!, (int)first["public_key_size"]!));
        Assert.True((double)first["derivation_time_ms"]! > 0);
        Assert.True(BlsSecretKey.TryParse(Convert.FromBase64String((string)first["private_key"]!), out var secret));
        Assert.Equal((string)first["public_key"]!, Convert.ToBase64String(Bls.SkToPk(secret).ToArray()));
        Assert.Equal("pbts/bls/" + first["salt"], (string)first["path"]!);
        var call = _agent.Calls.Last(call => call.Method == "GetKey").Body;
        Assert.Equal(((string)first["path"]!, "signature"), ((string)call["path"]!, (string)call["purpose"]!));

        var second = (await Http.PostTextAsync("/keygen-tee", "{}")).Answer;
        Assert.NotEqual((string)first["private_key"]!, (string)second["private_key"]!);
        // Another machine of the same application, after a restart of the agent: the salt brings the key back.
        await _agent.StopAsync();
        await _agent.ListenAsync();
        var again = (await Http.PostAsync("/keygen-tee", new JsonObject { ["salt"] = (string)first["salt"]! })).Answer;
        Assert.Equal((string)first["private_key"]!, (string)again["private_key"]!);
        Assert.DoesNotContain((string)first["private_key"]!, _node.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToHexStringLower(Convert.FromBase64String((string)first["private_key"]!)), _node.Log, StringComparison.OrdinalIgnoreCase);

        // The tracker's own key is not for the asking.
        var status2 = await StatusAsync();
        foreach (var salt in new[] { "../tracker/bls", "/", "a b", "é", new string('a', 129) })
            Assert.StartsWith("salt ", await ErrorAsync("/keygen-tee", new JsonObject { ["salt"] = salt }, HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.NotNull(status2["public_key"]);
        Assert.NotEqual((string)status2["public_key"]!, (string)first["public_key"]!);
    }

    /// <summary>8.5: statistics_tracking, get_statistics, reset_statistics, generate_baseline_keypair, attestation_statistics.</summary>
    [Fact]
    public async Task Statistics_count_keys_and_attestations_and_can_be_reset()
    {
        var none = (await StatusAsync())["statistics"]!;
        Assert.Equal((0, 0, 0.0, 0.0), ((int)none["key_generations"]!, (int)none["attestations_generated"]!, (double)none["avg_key_gen_time_ms"]!, (double)none["avg_attestation_time_ms"]!));
        double total = 0;
        for (var i = 1; i <= 5; i++)
        {
            var baseline = i % 2 == 0;
            var key = (await Http.PostAsync("/keygen-tee", new JsonObject { ["use_tee"] = !baseline })).Answer;
            Assert.Equal(!baseline, (bool)key["tee_derived"]!);
            Assert.Equal(!baseline, key.ContainsKey("path"));
            total += (double)key["derivation_time_ms"]!;
            var now = (await StatusAsync())["statistics"]!;
            Assert.Equal(i, (int)now["key_generations"]!);
            Assert.Equal(total, (double)now["total_key_gen_time_ms"]!, 6);
            Assert.Equal(total / i, (double)now["avg_key_gen_time_ms"]!, 6);
            Assert.Equal(0, (int)now["attestations_generated"]!);
        }

        var made = await AttestAsync("x");
        var attested = (await StatusAsync())["statistics"]!;
        Assert.Equal((1, (double)made["generation_time_ms"]!), ((int)attested["attestations_generated"]!, (double)attested["total_attestation_time_ms"]!));
        Assert.Equal(HttpStatusCode.OK, (await Http.PostTextAsync("/tee/reset-statistics", "")).Status);
        Assert.Equal((0, 0), ((int)(await StatusAsync())["statistics"]!["key_generations"]!, (int)(await StatusAsync())["statistics"]!["attestations_generated"]!));
    }

    /// <summary>9.G1, G2, G8: the quote is over payload, keys, instance, nonce and time; changing any of them fails.</summary>
    [Fact]
    public async Task G2_an_attestation_is_bound_to_everything_it_names()
    {
        var nonce = new string('7', 64);
        var made = await AttestAsync("hello", nonce);
        var quote = Convert.FromHexString((string)made["quote"]!);
        Assert.Equal(quote.Length, (int)made["quote_size_bytes"]!);
        Assert.Equal((string)made["report_data"]!, Convert.ToHexStringLower(quote.AsSpan(568, 64)));
        var claims = made["claims"]!.AsObject();
        var config = (await Http.GetJsonAsync("/config")).Answer;
        Assert.Equal(("challenge", nonce, (string)config["instance_id"]!), ((string)claims["purpose"]!, (string)claims["nonce"]!, (string)claims["instance_id"]!));
        Assert.InRange((long)claims["time"]!, Member.Now - 60, Member.Now + 60);
        var status = await StatusAsync();
        Assert.Equal((string)status["public_key"]!, (string)claims["public_key"]!);
        // There is no PK0, so the account is the machine's.
        Assert.Equal((string)status["ethereum_address"]!, (string)claims["ethereum_address"]!);

        JsonObject Request(JsonObject with, string payload = "hello", string? hex = null) =>
            new() { ["quote"] = hex ?? (string)made["quote"]!, ["expected_payload"] = payload, ["claims"] = with.DeepClone() };
        await ValidAsync(Request(claims));
        await ValidAsync(new() { ["attestation"] = (string)made["attestation"]!, ["expected_payload"] = "hello", ["nonce"] = nonce, ["public_key"] = (string)claims["public_key"]! });
        await InvalidAsync("report_data", Request(claims, "hell"));
        foreach (var (name, other) in new (string, JsonNode)[]
        {
            ("purpose", "contract"), ("public_key", Convert.ToBase64String(new byte[48])), ("ethereum_address", "0x" + new string('1', 40)),
            ("instance_id", new string('1', 64)), ("nonce", new string('8', 64)), ("time", (long)claims["time"]! + 1),
        })
        {
            var changed = claims.DeepClone().AsObject();
            changed[name] = other;
            await InvalidAsync("report_data", Request(changed));
        }

        // Replay: an honest attestation is refused when it is not the answer to this challenge, or old.
        await InvalidAsync("freshness", new() { ["attestation"] = (string)made["attestation"]!, ["nonce"] = new string('9', 64) });
        await Task.Delay(1100);
        await InvalidAsync("freshness", new() { ["attestation"] = (string)made["attestation"]!, ["max_age"] = 0 });
        // A quote alone is over nothing that anybody could know.
        await InvalidAsync("report_data", new() { ["quote"] = (string)made["quote"]!, ["expected_payload"] = "hello" });
        await ValidAsync(new() { ["quote"] = (string)made["quote"]!, ["expected_report_data"] = (string)made["report_data"]! });
        await InvalidAsync("report_data", new() { ["quote"] = (string)made["quote"]!, ["expected_report_data"] = new string('0', 128) });
    }

    /// <summary>8.5: attestation_with_large_payload.</summary>
    [Fact]
    public async Task Large_payloads_are_attested_and_larger_ones_refused()
    {
        var payload = new string('p', 16_384);
        var made = await AttestAsync(payload);
        Assert.Equal(payload, (string)made["payload"]!);
        await ValidAsync(new() { ["attestation"] = (string)made["attestation"]!, ["expected_payload"] = payload });
        Assert.StartsWith("payload is too long", await ErrorAsync("/generate-attestation", new JsonObject { ["payload"] = payload + "p" }, HttpStatusCode.BadRequest), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/generate-attestation", "{}", "Missing payload")]
    [InlineData("/generate-attestation", """{"payload":""}""", "payload is empty")]
    [InlineData("/generate-attestation", """{"payload":5}""", "payload must be text")]
    [InlineData("/generate-attestation", """{"payload":"x","nonce":"12"}""", "nonce must be 64 hexadecimal digits")]
    [InlineData("/keygen-tee", """{"use_tee":"yes"}""", "use_tee must be true or false")]
    [InlineData("/keygen-tee", "[", "body is not valid JSON")]
    [InlineData("/verify-attestation", "{}", "Missing quote or expected_payload")]
    [InlineData("/verify-attestation", """{"quote":"00"}""", "Missing quote or expected_payload")]
    [InlineData("/verify-attestation", """{"quote":"0g","expected_payload":"x"}""", "quote must be hexadecimal digits")]
    [InlineData("/verify-attestation", """{"quote":"000","expected_payload":"x"}""", "quote must be hexadecimal digits")]
    [InlineData("/verify-attestation", """{"quote":"00","expected_payload":"x","claims":{}}""", "claims.public_key is missing")]
    [InlineData("/verify-attestation", """{"quote":"00","expected_payload":"x","claims":5}""", "claims must be an object")]
    [InlineData("/verify-attestation", """{"quote":"00","expected_payload":"x","claims":{"purpose":"7"}}""", "claims.purpose must be")]
    [InlineData("/verify-attestation", """{"attestation":"%%%"}""", "attestation is not valid base64")]
    [InlineData("/verify-attestation", """{"attestation":"UEJUQQAA"}""", "attestation is not an attestation")]
    [InlineData("/verify-attestation", """{"attestation":"UEJUQQAA","max_age":-1}""", "max_age must be an integer")]
    [InlineData("/register", """{"user_id":"u","public_key":"QQ==","attestation":"x"}""", "public_key must be base64 of 48 bytes")]
    public async Task Bad_input_is_named(string path, string body, string error)
    {
        var (status, answer) = await Http.PostTextAsync(path, body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.StartsWith(error, (string)answer["error"]!, StringComparison.Ordinal);
    }

    /// <summary>9.G6: no address of a request is ever asked for anything.</summary>
    [Fact]
    public async Task G6_a_callers_pccs_is_refused()
    {
        await using var trap = ConnectionTrap.Start();
        var error = await ErrorAsync("/verify-attestation", new JsonObject { ["quote"] = "00", ["expected_payload"] = "x", ["pccs_url"] = trap.Url }, HttpStatusCode.BadRequest);
        Assert.StartsWith("pccs_url ", error, StringComparison.Ordinal);
        await Task.Delay(200);
        Assert.Equal(0, trap.Connections);
    }

    /// <summary>9.G7: the operator's policy decides, and the answer names step and status.</summary>
    [Fact]
    public async Task G7_debug_machines_are_refused()
    {
        _agent.Debug = true;
        var made = await AttestAsync("x");
        var verdict = await InvalidAsync("debug", new() { ["attestation"] = (string)made["attestation"]! });
        Assert.Equal("UpToDate", (string)verdict["tcb_status"]!);
        Assert.Equal(true, (bool?)verdict["steps"]!.AsArray().Single(step => (string)step!["step"]! == "quote_signature")!["ok"]);
    }

    /// <summary>9.G4: hardware that is not there is reported as not there.</summary>
    [Fact]
    public async Task G4_without_the_agent_every_request_is_a_503_and_the_tracker_lives()
    {
        await _agent.StopAsync();
        foreach (var (path, body) in new[] { ("/keygen-tee", "{}"), ("/generate-attestation", """{"payload":"x"}""") })
        {
            var (status, answer) = await Http.PostTextAsync(path, body);
            Assert.Equal((HttpStatusCode.ServiceUnavailable, false), (status, (bool)answer["success"]!));
            Assert.Contains("cannot be reached", (string)answer["error"]!, StringComparison.Ordinal);
        }

        await Task.Delay(2100);
        var told = await StatusAsync();
        Assert.Equal((false, "enabled"), ((bool)told["tee_available"]!, (string)told["tee_mode"]!));
        Assert.Contains("cannot be reached", (string)told["error"]!, StringComparison.Ordinal);
        Assert.False((bool)(await Http.GetJsonAsync("/config")).Answer["tee_available"]!);
        await _agent.ListenAsync();
        await AttestAsync("back");
    }

    [Fact]
    public async Task An_agent_that_quotes_something_else_is_noticed()
    {
        var old = (string)(await AttestAsync("old"))["quote"]!;
        _agent.Instead = method => method == "GetQuote" ? Results.Text($$"""{"quote":"{{old}}","event_log":""}""", "application/json") : null;
        Assert.Contains("not one over the report data", await ErrorAsync("/generate-attestation", new JsonObject { ["payload"] = "new" }, HttpStatusCode.ServiceUnavailable), StringComparison.Ordinal);
    }

    /// <summary>9.G3: the mode changes what is done, at once.</summary>
    [Fact]
    public async Task G3_the_mode_of_config_is_in_force_at_once()
    {
        Assert.True((bool)(await StatusAsync())["tee_available"]!);
        await SetModeAsync("disabled");
        Assert.Contains("disabled", await ErrorAsync("/keygen-tee", [], HttpStatusCode.ServiceUnavailable), StringComparison.Ordinal);
        Assert.Contains("disabled", await ErrorAsync("/generate-attestation", new JsonObject { ["payload"] = "x" }, HttpStatusCode.ServiceUnavailable), StringComparison.Ordinal);
        var off = await StatusAsync();
        Assert.Equal((false, "disabled", null), ((bool)off["tee_available"]!, (string)off["tee_mode"]!, (string?)off["public_key"]));
        await SetModeAsync("BENCHMARK");
        Assert.Equal("benchmark", (string)(await StatusAsync())["tee_mode"]!);
        await AttestAsync("x");
        Assert.Contains("tee_mode", await ErrorAsync("/config", new JsonObject { ["tee_mode"] = "on" }, HttpStatusCode.BadRequest), StringComparison.Ordinal);
    }

    /// <summary>9.G2: a member's attestation is checked, and belongs to that member's key.</summary>
    [Fact]
    public async Task G2_registration_checks_a_members_attestation()
    {
        var instance = Convert.FromHexString(await Http.InstanceIdAsync());
        async Task<(HttpStatusCode Status, JsonObject Answer)> RegisterAsync(Member member, Func<AttestationClaims, AttestationClaims>? change = null, bool debug = false)
        {
            var claims = new AttestationClaims
            {
                Purpose = AttestationPurpose.Registration, PublicKey = member.Key.Span.ToArray(), InstanceId = instance, Nonce = new byte[32],
                Time = Member.Now, Payload = Encoding.UTF8.GetBytes(member.UserId),
            };
            claims = change?.Invoke(claims) ?? claims;
            var document = new AttestationDocument(claims, _agent.Platform.TdxQuote(claims.ReportData(), debug: debug));
            return await Http.PostAsync("/register", new JsonObject
            {
                ["user_id"] = member.UserId, ["public_key"] = member.PublicKey, ["attestation"] = Convert.ToBase64String(document.ToBytes()),
            });
        }

        var (status, answer) = await RegisterAsync(new Member("trusted"));
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        Assert.True((bool)answer["attested"]!);
        Assert.False((await new Member("plain").RegisterAsync(Http)).Answer.ContainsKey("attested"));
        foreach (var (step, change, debug) in new (string, Func<AttestationClaims, AttestationClaims>, bool)[]
        {
            ("report_data", claims => claims with { PublicKey = new Member("other").Key.Span.ToArray() }, false),
            ("report_data", claims => claims with { Payload = "somebody"u8.ToArray() }, false),
            ("report_data", claims => claims with { InstanceId = new byte[32] }, false),
            ("report_data", claims => claims with { Purpose = AttestationPurpose.Challenge }, false),
            ("freshness", claims => claims with { Time = Member.Now - 90_000 }, false),
            ("freshness", claims => claims with { Time = Member.Now + 600 }, false),
            ("debug", claims => claims, true),
        })
        {
            var member = new Member("untrusted");
            (status, answer) = await RegisterAsync(member, change, debug);
            Assert.Equal(HttpStatusCode.Unauthorized, status);
            Assert.StartsWith($"Invalid attestation: {step}:", (string)answer["error"]!, StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.NotFound, (await Http.GetJsonAsync($"/user/{member.UserId}")).Status);
        }
    }

    [Fact]
    public async Task Keys_are_for_callers_on_this_machine_and_stay_out_of_caches()
    {
        var (status, _) = await Http.PostTextAsync("/keygen-tee", "", "application/json", ("X-Forwarded-For", "203.0.113.5"));
        Assert.Equal(HttpStatusCode.Forbidden, status);
        using var answer = await Http.PostAsync(new Uri("/keygen-tee", UriKind.Relative), null);
        Assert.True(answer.Headers.CacheControl!.NoStore);
    }

    private async Task SetModeAsync(string mode)
    {
        var (status, answer) = await Http.PostAsync("/config", new JsonObject { ["tee_mode"] = mode });
        Assert.Equal((HttpStatusCode.OK, mode.ToLowerInvariant()), (status, (string)answer["tee_mode"]!));
    }

    private async Task<JsonObject> StatusAsync() => (await Http.GetJsonAsync("/tee/status")).Answer;

    private async Task<JsonObject> AttestAsync(string payload, string? nonce = null)
    {
        var (status, answer) = await Http.PostAsync("/generate-attestation", new JsonObject { ["payload"] = payload, ["nonce"] = nonce });
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        return answer;
    }

    private async Task<JsonObject> ValidAsync(JsonObject request)
    {
        var (status, answer) = await Http.PostAsync("/verify-attestation", request);
        Assert.True(status == HttpStatusCode.OK && (bool)answer["is_valid"]! && !answer.ContainsKey("error"), answer.ToJsonString());
        Assert.Equal("UpToDate", (string)answer["tcb_status"]!);
        return answer;
    }

    private async Task<JsonObject> InvalidAsync(string step, JsonObject request)
    {
        var (status, answer) = await Http.PostAsync("/verify-attestation", request);
        Assert.True(status == HttpStatusCode.OK && !(bool)answer["is_valid"]!, answer.ToJsonString());
        Assert.StartsWith(step + ":", (string)answer["error"]!, StringComparison.Ordinal);
        return answer;
    }

    private async Task<string> ErrorAsync(string path, JsonObject body, HttpStatusCode expected)
    {
        var (status, answer) = await Http.PostAsync(path, body);
        Assert.True(status == expected, $"{status}: {answer.ToJsonString()}");
        return (string)answer["error"]!;
    }
}
