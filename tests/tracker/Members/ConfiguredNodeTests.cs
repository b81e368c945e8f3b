using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Members;

/// <summary>Nodes with settings of their own.</summary>
public sealed class ConfiguredNodeTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const string Token = "correct horse battery staple";

    [Fact]
    public async Task With_a_token_administration_needs_it_everywhere_and_settings_reach_every_silo()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await NodeProcess.StartNodeAsync(database, ("PBTS_ADMIN_TOKEN", Token), ("PBTS_KEY_ENDPOINTS", "off"));
        await using var two = await NodeProcess.StartNodeAsync(database);
        const string Change = """{"verify_signatures":false,"receipt_window":7200}""";
        foreach (var header in new[] { "", "Bearer", "Bearer wrong", $"Basic {Token}", $"Bearer {Token}x", $"Bearer {Token[..^1]}" })
            Assert.Equal(HttpStatusCode.Unauthorized, (await one.Http.PostTextAsync("/config", Change, headers: ("Authorization", header))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await one.Http.PostTextAsync("/keygen", "")).Status);
        Assert.Equal(HttpStatusCode.OK, (await one.Http.PostTextAsync("/config", Change, headers: [("Authorization", $"Bearer {Token}"), ("X-Forwarded-For", "203.0.113.1")])).Status);

        // No waiting: the change has reached the other silo when it is answered.
        var config = (await two.Http.GetJsonAsync("/config")).Answer;
        Assert.Equal((false, 7200), ((bool)config["verify_signatures"]!, (long)config["receipt_window"]!));
        Assert.Contains("Pbts.Audit", one.Log, StringComparison.Ordinal);
        Assert.Contains("POST /config from 127.0.0.1: refused", one.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, one.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_verification_off_reports_count_as_in_the_reference_but_say_so_and_stay_bounded()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("VERIFY_SIGNATURES", "false"));
        Assert.Equal(HttpStatusCode.OK, (await node.Http.PostTextAsync("/register", """{"user_id":"alice","public_key":"any text"}""")).Status);
        var (status, answer) = await node.Http.PostTextAsync("/report", """{"user_id":"alice","uploaded_delta":300,"downloaded_delta":200}""");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((300, 200, false, 0), ((long)answer["total_uploaded"]!, (long)answer["total_downloaded"]!, (bool)answer["verified"]!, (int)answer["verified_receipts"]!));
        Assert.Equal(1.5, (double)answer["ratio"]!);
        Assert.Equal(HttpStatusCode.BadRequest, (await node.Http.PostTextAsync("/report", """{"user_id":"alice","uploaded_delta":-300}""")).Status);

        var receipt = new JsonObject { ["infohash"] = new string('a', 40), ["piece_hash"] = new string('b', 40), ["piece_index"] = 1, ["timestamp"] = Member.Now };
        var huge = receipt.DeepClone();
        huge["piece_size"] = 1L << 50;
        (_, answer) = await node.Http.PostAsync("/report", new JsonObject { ["user_id"] = "alice", ["receipts"] = new JsonArray(receipt, huge) });
        Assert.Equal(["accepted", "too_large"], answer.Statuses());
        Assert.Equal((300 + 16384, 200 + 16384), ((long)answer["total_uploaded"]!, (long)answer["total_downloaded"]!));
        // Vouchers wait until they can be verified: they are kept for ever.
        (_, answer) = await node.Http.PostTextAsync("/report", """{"user_id":"alice","vouchers":[{},{}]}""");
        Assert.Equal(["busy", "busy"], answer["voucher_results"]!.AsArray().Select(result => (string)result!["status"]!));
    }

    [Theory]
    [InlineData("claimed")]
    [InlineData("fixed")]
    public async Task Where_uploaders_name_their_own_price_the_log_says_so(string setting)
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), (NodeProcess.Unregistered, setting));
        Assert.Equal(setting == "claimed", node.Log.Contains("uploaders name their own price", StringComparison.Ordinal));
        Assert.Equal(setting, (string)(await node.Http.GetJsonAsync("/config")).Answer["unregistered_receipts"]!);
    }

    [Fact]
    public async Task Unknown_receivers_credit_the_sender_where_the_operator_wants_it()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Receipts__UnknownReceivers", "credit-sender"));
        var alice = await Member.RegisteredAsync(node.Http, "alice");
        var stranger = new Member("stranger");
        var forged = stranger.Receipt(alice, "two");
        forged["signature"] = stranger.Receipt(alice, "three")["signature"]!.DeepClone();
        Assert.Equal(["accepted", "bad_signature"], (await alice.ReportAsync(node.Http, stranger.Receipt(alice, "one"), forged)).Answer.Statuses());
        Assert.Equal((1000, 0), await alice.TotalsAsync(node.Http));
    }

    [Fact]
    public async Task More_work_than_the_verifiers_can_take_is_429_with_retry_after()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Receipts__Verifiers", "1"), ("Receipts__VerifierQueue", "1"));
        var alice = await Member.RegisteredAsync(node.Http, "alice");
        var bob = await Member.RegisteredAsync(node.Http, "bob");
        var reports = Enumerable.Range(0, 12).Select(report => Enumerable.Range(0, 60).Select(i => bob.Receipt(alice, $"{report}", (uint)i)).ToArray()).ToArray();
        var answers = await Task.WhenAll(reports.Select(report => alice.ReportAsync(node.Http, report)));
        Assert.Contains(answers, answer => answer.Status == HttpStatusCode.TooManyRequests);
        Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { HttpStatusCode.OK, HttpStatusCode.TooManyRequests }));
        // Of a report that was begun and could not be finished, the rest was not looked at.
        var statuses = answers.Where(answer => answer.Status == HttpStatusCode.OK).SelectMany(answer => answer.Answer.Statuses()).ToArray();
        Assert.All(statuses, status => Assert.Contains(status, new[] { "accepted", "busy" }));
        Assert.Equal(1000L * statuses.Count(status => status == "accepted"), (await alice.TotalsAsync(node.Http)).Uploaded);
    }

    [Fact]
    public async Task Reports_without_passkey_are_refused_where_it_is_required()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Receipts__RequirePasskey", "true"));
        var alice = await Member.RegisteredAsync(node.Http, "alice");
        Assert.Equal(HttpStatusCode.Unauthorized, (await alice.ReportAsync(node.Http)).Status);
        Assert.Equal(HttpStatusCode.OK, (await node.Http.PostAsync("/report", new JsonObject { ["user_id"] = alice.UserId, ["passkey"] = alice.Passkey })).Status);
    }

    [Fact]
    public async Task While_the_database_is_away_reports_are_503_and_known_members_go_on_announcing()
    {
        await using var server = new OwnServer();
        await server.Postgres.InitializeAsync();
        await using var node = await NodeProcess.StartNodeAsync(await server.Postgres.CreateDatabaseAsync());
        var alice = await Member.RegisteredAsync(node.Http, "alice");
        var announce = $"/announce/{alice.Passkey}?info_hash={new string('a', 20)}&peer_id={new string('b', 20)}&port=1000&left=1";
        Assert.Contains("8:complete", await node.Http.GetStringAsync(announce), StringComparison.Ordinal);

        await server.Postgres.KillAsync();
        var (status, answer) = await node.Http.PostAsync("/report", new JsonObject { ["user_id"] = alice.UserId });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.DoesNotContain("Npgsql", answer.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("8:complete", await node.Http.GetStringAsync(announce), StringComparison.Ordinal);

        await server.Postgres.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await node.Http.PostAsync("/report", new JsonObject { ["user_id"] = alice.UserId })).Status);
    }

    [Theory]
    [InlineData("Ratio__Basis", "hope", "Ratio:Basis")]
    [InlineData("Receipts__UnknownReceivers", "all", "Receipts:UnknownReceivers")]
    [InlineData("PBTS_ADMIN_TOKEN", "short", "PBTS_ADMIN_TOKEN")]
    public async Task A_setting_that_makes_no_sense_is_named_at_start(string name, string value, string expected)
    {
        await using var node = NodeProcess.Launch("Pbts.Silo.dll", await postgres.CreateDatabaseAsync(), (name, value));
        await node.WaitForExitAsync();
        Assert.Contains(expected, node.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_cannot_hold_every_name_is_refused_by_name()
    {
        var database = await postgres.CreateDatabaseAsync(migrated: false, encoding: "SQL_ASCII");
        await using var node = NodeProcess.Launch("Pbts.Silo.dll", database);
        await node.WaitForExitAsync();
        Assert.Equal(78, node.ExitCode);
        Assert.Contains("PBTS_DATABASE (Node:Database) has the encoding SQL_ASCII", node.Log, StringComparison.Ordinal);
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
        Assert.Equal(0L, await command.ExecuteScalarAsync());
    }

    private sealed class OwnServer : IAsyncDisposable
    {
        public PostgresServer Postgres { get; } = new();

        public async ValueTask DisposeAsync() => await Postgres.DisposeAsync();
    }
}
