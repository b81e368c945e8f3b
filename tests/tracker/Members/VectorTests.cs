using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Members;

/// <summary>The interop vectors through the real endpoints: what other implementations signed, and what attackers would.</summary>
public sealed class VectorTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    // The receipts were made in 2023.
    private const long Window = 3660L * 86400;

    [Fact]
    public async Task Receipts_of_other_implementations_are_accepted_and_attacks_refused()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var source = NpgsqlDataSource.Create(database);
        await using var node = await NodeProcess.StartNodeAsync(database, ("Receipts__Window", $"{Window}"), ("Receipts__UnknownReceivers", "credit-sender"));
        var vectors = Load("pbts_receipts.json");
        var seen = new Dictionary<string, int>();
        var spent = new HashSet<string>();

        // First the attacks: afterwards some of them would be refused as replays already.
        foreach (var vector in vectors.GetProperty("invalid").EnumerateArray())
        {
            await ProveAsync(source, vector, "sender_pk");
            var status = await ReportAsync(node, vector, ReportOf(vector));
            Assert.True(status != "accepted", $"{vector.GetProperty("id")}: {vector.GetProperty("reason")}");
            seen[status] = seen.GetValueOrDefault(status) + 1;
        }

        foreach (var vector in vectors.GetProperty("receipts").EnumerateArray())
        {
            await ProveAsync(source, vector, "sender_pk", "receiver_pk");
            var status = await ReportAsync(node, vector, vector.GetProperty("report_json"));
            var time = vector.GetProperty("form").GetString() == "bep10"
                ? ReceiptTime.FromEpoch(vector.GetProperty("t_epoch").GetUInt64()) : ReceiptTime.FromTimestamp(vector.GetProperty("timestamp").GetUInt64());
            var expected = ReceiptFreshness.Check(time, Member.Now, Window).ToWire();
            // Both dialects of one piece in one hour are one receipt.
            var identity = $"{Text(vector, "infohash")} {Text(vector, "sender_pk")} {Text(vector, "receiver_pk")} {Text(vector, "piece_hash")} {vector.GetProperty("piece_index")} {time.Epoch}";
            if (expected == "accepted" && !spent.Add(identity))
                expected = "duplicate";
            Assert.Equal(expected, status);
            seen[status] = seen.GetValueOrDefault(status) + 1;
        }

        // Enough of them got as far as the signature.
        Assert.True(seen["accepted"] >= 4 && seen["bad_signature"] >= 12 && seen["malformed"] >= 20, string.Join(", ", seen));
        foreach (var batch in vectors.GetProperty("batches").EnumerateArray())
        {
            var receipts = batch.GetProperty("receipts").EnumerateArray().ToArray();
            foreach (var receipt in receipts)
                await ProveAsync(source, receipt, "sender_pk", "receiver_pk");
            var statuses = new string[receipts.Length];
            foreach (var sender in receipts.Select((receipt, i) => (Sender: Text(receipt, "sender_pk"), i)).GroupBy(item => item.Sender, item => item.i))
            {
                var body = new JsonObject { ["user_id"] = sender.Key[..64], ["receipts"] = new JsonArray([.. sender.Select(i => ReportNode(receipts[i]))]) };
                var answer = (await node.Http.PostAsync("/report", body)).Answer.Statuses();
                foreach (var (i, status) in sender.Zip(answer))
                    statuses[i] = status;
            }

            var good = batch.GetProperty("expected_each").EnumerateArray().Select(each => each.GetBoolean()).ToArray();
            Assert.Equal(good, statuses.Select(status => status is "accepted" or "duplicate"));
        }

        await using var sums = source.CreateCommand("SELECT sum(uploaded)::bigint, (SELECT sum(bytes)::bigint FROM receipts) FROM users");
        await using var reader = await sums.ExecuteReaderAsync();
        await reader.ReadAsync();
        Assert.Equal(reader.GetInt64(1), reader.GetInt64(0));
    }

    [Fact]
    public async Task A_session_of_another_implementation_is_credited_its_highest_voucher_in_any_order()
    {
        foreach (var session in Load("pbts_vouchers.json").GetProperty("sessions").EnumerateArray())
        {
            var database = await postgres.CreateDatabaseAsync();
            await using var source = NpgsqlDataSource.Create(database);
            await using (var command = source.CreateCommand($"UPDATE instance SET id = '{Text(session, "instance_id")}'"))
                await command.ExecuteNonQueryAsync();
            await using var node = await NodeProcess.StartNodeAsync(database, ("Receipts__VoucherWindow", $"{Window}"));
            await ProveAsync(source, session, "sender_pk", "receiver_pk");
            var vouchers = session.GetProperty("vouchers").EnumerateArray().ToArray();
            foreach (var order in session.GetProperty("orders").EnumerateArray())
            {
                foreach (var (index, credited) in order.GetProperty("order").EnumerateArray().Zip(order.GetProperty("credited").EnumerateArray()))
                {
                    var voucher = new JsonObject
                    {
                        ["infohash"] = Text(session, "infohash"), ["receiver_pk"] = Base64(session, "receiver_pk"), ["sender_pk"] = Base64(session, "sender_pk"),
                        ["session"] = Text(session, "session"), ["opened"] = long.Parse(Text(session, "opened"), CultureInfo.InvariantCulture),
                        ["bytes"] = long.Parse(Text(vouchers[index.GetInt32()], "bytes"), CultureInfo.InvariantCulture),
                        ["signed_at"] = long.Parse(Text(vouchers[index.GetInt32()], "signed_at"), CultureInfo.InvariantCulture),
                        ["signature"] = Base64(vouchers[index.GetInt32()], "signature"),
                    };
                    var (_, answer) = await node.Http.PostAsync("/report", new JsonObject { ["user_id"] = Text(session, "sender_pk")[..64], ["vouchers"] = new JsonArray(voucher) });
                    var result = answer["voucher_results"]![0]!;
                    Assert.Equal((credited.GetInt64() > 0 ? "accepted" : "duplicate", credited.GetInt64()), ((string)result["status"]!, (long)result["credited"]!));
                }

                await using var sums = source.CreateCommand("SELECT sum(uploaded)::bigint, sum(downloaded)::bigint FROM users");
                await using (var reader = await sums.ExecuteReaderAsync())
                {
                    Assert.True(await reader.ReadAsync());
                    Assert.Equal((order.GetProperty("total").GetInt64(), order.GetProperty("total").GetInt64()), (reader.GetInt64(0), reader.GetInt64(1)));
                }

                await using var begin = source.CreateCommand("TRUNCATE voucher_sessions; UPDATE users SET uploaded = 0, downloaded = 0");
                await begin.ExecuteNonQueryAsync();
            }
        }
    }

    [Fact]
    public async Task Registrations_of_other_implementations_are_accepted_for_their_own_instance_only()
    {
        var vectors = Load("pbts_register.json");
        var own = vectors.GetProperty("valid").EnumerateArray().First();
        var database = await postgres.CreateDatabaseAsync();
        await using (var source = NpgsqlDataSource.Create(database))
        await using (var command = source.CreateCommand($"UPDATE instance SET id = '{Text(own, "instance_id")}'"))
            await command.ExecuteNonQueryAsync();
        await using var node = await NodeProcess.StartNodeAsync(database);

        foreach (var vector in vectors.GetProperty("invalid").EnumerateArray().Concat(vectors.GetProperty("valid").EnumerateArray().Skip(1)))
        {
            var body = new JsonObject
            {
                ["user_id"] = Text(vector, "user_id"), ["public_key"] = Base64(vector, "pk"), ["signature"] = Base64(vector, "signature"),
            };
            var (status, _) = await node.Http.PostAsync("/register", body);
            Assert.Contains(status, new[] { HttpStatusCode.BadRequest, HttpStatusCode.Unauthorized });
        }

        var (accepted, answer) = await node.Http.PostTextAsync("/register", own.GetProperty("http_json").GetRawText());
        Assert.Equal(HttpStatusCode.OK, accepted);
        Assert.True((bool)answer["proof_of_possession"]!);
    }

    private static JsonElement Load(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "vectors", file)));
        return document.RootElement.Clone();
    }

    private static string Text(JsonElement vector, string name) => vector.GetProperty(name).GetString()!;

    private static string Base64(JsonElement vector, string name) => Convert.ToBase64String(Convert.FromHexString(Text(vector, name)));

    private static async Task<string> ReportAsync(NodeProcess node, JsonElement vector, JsonElement receipt)
    {
        // The user of a vector is named after its sender key; keys of a wrong length belong to nobody.
        var sender = Text(vector, "sender_pk");
        var reporter = sender.Length == 96 ? sender[..64] : "nobody";
        var (status, answer) = await node.Http.PostTextAsync("/report", $$"""{"user_id":"{{reporter}}","receipts":[{{receipt.GetRawText()}}]}""");
        return reporter == "nobody" && status == HttpStatusCode.NotFound ? "unknown_reporter" : answer.Statuses()[0];
    }

    /// <summary>Makes the owners of the keys members: the attacks have to fail even then.</summary>
    private static async Task ProveAsync(NpgsqlDataSource database, JsonElement vector, params string[] names)
    {
        foreach (var hex in names.Select(name => Text(vector, name)).Where(hex => hex.Length == 96))
        {
            await using var command = database.CreateCommand("""
                INSERT INTO users (user_id, public_key, key, proven, passkey, registered_at) VALUES ($1, $2, $3, true, $4, now()) ON CONFLICT DO NOTHING
                """);
            command.Parameters.Add(new() { Value = hex[..64] });
            command.Parameters.Add(new() { Value = Convert.ToBase64String(Convert.FromHexString(hex)) });
            command.Parameters.Add(new() { Value = Convert.FromHexString(hex) });
            command.Parameters.Add(new() { Value = RandomNumberGenerator.GetHexString(32, lowercase: true) });
            await command.ExecuteNonQueryAsync();
        }
    }

    private static JsonElement ReportOf(JsonElement vector) => JsonSerializer.SerializeToElement(ReportNode(vector));

    private static JsonObject ReportNode(JsonElement vector)
    {
        var receipt = new JsonObject
        {
            ["infohash"] = Text(vector, "infohash"), ["piece_hash"] = Text(vector, "piece_hash"), ["piece_index"] = JsonNode.Parse(vector.GetProperty("piece_index").GetRawText()),
            ["receiver_pk"] = Base64(vector, "receiver_pk"), ["sender_pk"] = Base64(vector, "sender_pk"), ["signature"] = Base64(vector, "signature"),
        };
        var time = Text(vector, "form") == "bep10" ? "t_epoch" : "timestamp";
        receipt[time] = JsonNode.Parse(vector.GetProperty(time).GetRawText());
        return receipt;
    }
}
