using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Cli;
using Pbts.Cli.Commands;
using Pbts.Cli.Evidence;
using Pbts.Peer;
using Pbts.Protocol.Evidence;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Evidence;

/// <summary><c>GET /user/{id}/evidence</c>, and what <c>pbts</c> makes of it.</summary>
public sealed class EvidenceTests(PostgresServer postgres) : IDisposable, IClassFixture<PostgresServer>
{
    /// <summary>Behind a proxy: nobody of the tracker's own machine, who would be the administration.</summary>
    private static readonly (string, string) s_stranger = ("X-Forwarded-For", "203.0.113.1");

    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-evidence").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_member_by_passkey_or_signature_and_the_administration_read_and_nobody_else()
    {
        const string Token = "correct horse battery staple";
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("PBTS_ADMIN_TOKEN", Token));
        var (alice, bob) = (await Member.RegisteredAsync(node.Http, "älice&co"), await Member.RegisteredAsync(node.Http, "bob"));
        var unproven = new Member("unproven");
        await unproven.RegisterAsync(node.Http, signed: false);
        await alice.ReportVouchersAsync(node.Http, await bob.VoucherAsync(node.Http, alice, "a", 1000));
        var path = $"/user/{Uri.EscapeDataString(alice.UserId)}/evidence";
        var instance = (string)(await node.Http.GetJsonAsync("/health")).Answer["instance_id"]!;

        string Signed(Member member, long time, string? user = null, string? tracker = null) => string.Create(CultureInfo.InvariantCulture,
            $"{path}?time={time}&signature={Uri.EscapeDataString(member.Sign(EvidenceRequestMessage.Build(tracker ?? instance, user ?? alice.UserId, (ulong)time)))}");

        foreach (var (good, header) in new[]
        {
            (path, ("X-Passkey", alice.Passkey)), (Signed(alice, Member.Now), s_stranger), (Signed(alice, Member.Now - 200), s_stranger), (path, ("Authorization", $"Bearer {Token}")),
        })
        {
            var (status, lines, type) = await ReadAsync(node.Http, good, header, s_stranger);
            Assert.Equal((HttpStatusCode.OK, 3, "application/x-ndjson"), (status, lines.Length, type));
            Assert.Equal((alice.UserId, instance, "1000", "0"), ((string)lines[0]["user_id"]!, (string)lines[0]["instance_id"]!, $"{lines[0]["total_uploaded"]}", $"{lines[0]["total_downloaded"]}"));
            Assert.Equal((bob.PublicKey, "1000"), ((string)lines[1]["receiver_pk"]!, $"{lines[1]["credited"]}"));
        }

        foreach (var (expected, bad, header) in new[]
        {
            (HttpStatusCode.Unauthorized, path, s_stranger), (HttpStatusCode.Unauthorized, path, ("X-Passkey", bob.Passkey)), (HttpStatusCode.Unauthorized, path, ("X-Passkey", "x")),
            (HttpStatusCode.Unauthorized, path, ("Authorization", "Bearer wrong")), (HttpStatusCode.Unauthorized, Signed(bob, Member.Now), s_stranger),
            (HttpStatusCode.Unauthorized, Signed(alice, Member.Now, user: bob.UserId), s_stranger), (HttpStatusCode.Unauthorized, Signed(alice, Member.Now, tracker: new string('0', 64)), s_stranger),
            (HttpStatusCode.BadRequest, Signed(alice, Member.Now - 400), s_stranger), (HttpStatusCode.BadRequest, Signed(alice, Member.Now + 400), s_stranger),
            (HttpStatusCode.BadRequest, path + "?time=1", s_stranger), (HttpStatusCode.BadRequest, path + "?signature=AAAA", s_stranger), (HttpStatusCode.BadRequest, path + $"?time={Member.Now}&signature=%21", s_stranger),
            (HttpStatusCode.BadRequest, path + "?limit=0", ("X-Passkey", alice.Passkey)), (HttpStatusCode.BadRequest, path + "?limit=2001", ("X-Passkey", alice.Passkey)),
            (HttpStatusCode.BadRequest, path + "?after=zz", ("X-Passkey", alice.Passkey)), (HttpStatusCode.BadRequest, path + "?since=yesterday", ("X-Passkey", alice.Passkey)),
            (HttpStatusCode.Forbidden, Signed(unproven, Member.Now, user: unproven.UserId).Replace(path, $"/user/{unproven.UserId}/evidence", StringComparison.Ordinal), s_stranger),
            (HttpStatusCode.NotFound, "/user/nobody/evidence", ("Authorization", $"Bearer {Token}")),
        })
        {
            var (status, answer) = await node.Http.GetJsonAsync(bad, header, s_stranger);
            Assert.True(expected == status, $"{bad} {header}: {status} {answer.ToJsonString()}");
            Assert.NotEmpty((string)answer["error"]!);
        }

        // Who has replaced its key reads by the new one.
        var signedBefore = Signed(alice, Member.Now);
        var next = await alice.RotateAsync(node.Http);
        Assert.Equal(HttpStatusCode.Unauthorized, (await node.Http.GetJsonAsync(signedBefore, s_stranger)).Status);
        Assert.Equal(HttpStatusCode.OK, (await ReadAsync(node.Http, Signed(next, Member.Now), s_stranger)).Status);
        Assert.Contains("/evidence from 127.0.0.1: done", node.Log, StringComparison.Ordinal);

        // The public sees how many there are, not who met whom.
        await Wait.UntilAsync(async () => (long)(await node.Http.GetJsonAsync($"/user/{bob.UserId}", s_stranger)).Answer["vouchers"]! == 1);
        var seen = (await node.Http.GetJsonAsync($"/user/{bob.UserId}", s_stranger)).Answer.ToJsonString();
        Assert.DoesNotContain(alice.UserId[^8..], seen, StringComparison.Ordinal);
        Assert.DoesNotContain(JsonValue.Create(alice.PublicKey)!.ToJsonString(), seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_pbts_fetches_and_audits_has_all_parts_and_the_keys_that_were_replaced()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database, (NodeProcess.Unregistered, "fixed"));
        var (alice, bob, carol) = (await Member.RegisteredAsync(node.Http, "alice"), await Member.RegisteredAsync(node.Http, "bob"), await Member.RegisteredAsync(node.Http, "carol"));
        using var identity = MemberIdentity.Generate();
        await alice.ReportVouchersAsync(node.Http, await bob.VoucherAsync(node.Http, alice, "a", 1000), await carol.VoucherAsync(node.Http, alice, "b", 200));
        await bob.ReportVouchersAsync(node.Http, await alice.VoucherAsync(node.Http, bob, "c", 30));
        await alice.ReportAsync(node.Http, bob.Receipt(alice, "piece"));
        var beforehand = await alice.VoucherAsync(node.Http, carol, "d", 4);
        var next = await alice.RotateAsync(node.Http, identity);
        await carol.ReportVouchersAsync(node.Http, beforehand, await next.VoucherAsync(node.Http, carol, "e", 5));
        await next.ReportVouchersAsync(node.Http, await bob.VoucherAsync(node.Http, next, "f", 60), await bob.VoucherAsync(node.Http, alice, "a", 1500));
        await next.ReportVouchersAsync(node.Http, await bob.VoucherAsync(node.Http, next, "f", 70));

        var (file, keyFile) = (Path.Combine(_folder, "alice.ndjson"), Path.Combine(_folder, "alice.key"));
        Assert.True(KeyFile.TryWrite(keyFile, identity, out _));
        var (exitCode, output, error) = await RunAsync("evidence", alice.UserId, "--key", keyFile, "--out", file, "--tracker", $"{node.Url}", "--json");
        Assert.True(exitCode == 0, error);
        var header = JsonNode.Parse(File.ReadLines(file).First())!;
        Assert.Equal((18154, 39), ((long)header["total_uploaded"]!, (long)header["total_downloaded"]!));
        Assert.Equal((6L, 1770L, 39L), ((long)header["vouchers"]!["count"]!, (long)header["vouchers"]!["uploaded"]!, (long)header["vouchers"]!["downloaded"]!));
        Assert.Equal((1L, 16384L, 0L), ((long)header["receipts"]!["count"]!, (long)header["receipts"]!["uploaded"]!, (long)header["receipts"]!["downloaded"]!));
        Assert.Empty(header["imported"]!.AsObject());
        Assert.Equal([alice.PublicKey, next.PublicKey], header["keys"]!.AsArray().Select(key => (string)key!["public_key"]!));
        Assert.InRange((long)header["keys"]![0]!["retired_at"]!, Member.Now - 60, Member.Now + 60);
        Assert.Null(header["keys"]![1]!["retired_at"]);
        Assert.Equal(8, File.ReadLines(file).Count());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal([file, keyFile], Directory.GetFiles(_folder).Order().Reverse());
        (exitCode, output, error) = await RunAsync("audit", file, "--json");
        Assert.True(exitCode == 0, error);
        Assert.Equal(6, (int)JsonNode.Parse(output)!["vouchers"]!);

        foreach (var member in new[] { bob, carol })
        {
            // By the passkey in the announce URL.
            var (other, url) = (Path.Combine(_folder, "other.ndjson"), $"{node.Url}announce/{member.Passkey}");
            Assert.Equal(0, (await RunAsync("evidence", member.UserId, "--out", other, "--tracker", url)).ExitCode);
            Assert.Equal(0, (await RunAsync("audit", other)).ExitCode);
            Assert.Equal(ExitCodes.Refused, (await RunAsync("evidence", alice.UserId, "--out", other, "--tracker", url)).ExitCode);
        }

        (exitCode, output, error) = await RunAsync("audit", "--database", database, "--json");
        Assert.True(exitCode == 0, error);
        Assert.Equal((3, 6), ((int)JsonNode.Parse(output)!["members"]!, (int)JsonNode.Parse(output)!["vouchers"]!));
    }

    [Fact]
    public async Task A_file_that_is_fetched_in_pages_while_vouchers_rise_is_of_one_moment()
    {
        var connection = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(connection, ("MIN_RATIO", "0"));
        var (alice, bob) = (await Member.RegisteredAsync(node.Http, "alice"), await Member.RegisteredAsync(node.Http, "bob"));
        async Task RiseAsync(IEnumerable<int> sessions, long bytes)
        {
            var vouchers = new List<JsonNode>();
            foreach (var session in sessions)
                vouchers.Add(await bob.VoucherAsync(node.Http, alice, $"{session}", bytes));
            var (_, answer) = await alice.ReportVouchersAsync(node.Http, vouchers);
            Assert.All(answer["voucher_results"]!.AsArray(), result => Assert.Equal("accepted", (string)result!["status"]!));
        }

        await RiseAsync(Enumerable.Range(0, 40), 1000);

        // As long ago as if they had come in over a day.
        await using (var database = NpgsqlDataSource.Create(connection))
        await using (var age = database.CreateCommand("UPDATE voucher_sessions SET last_report = last_report - interval '1 day'"))
            await age.ExecuteNonQueryAsync();
        var (rounds, file) = (0, Path.Combine(_folder, "rising.ndjson"));
        using (var client = new TrackerClient($"{node.Url}announce/{alice.Passkey}"))
        using (var fetch = new EvidenceFetch(client, alice.UserId, null, file, (_, _) => RiseAsync([rounds % 4, 40 + (rounds % 3)], 2000 + rounds++).GetAwaiter().GetResult(), pageSize: 8))
        {
            var header = await fetch.RunAsync(default);
            Assert.True(header is not null, fetch.Problem?.Error);
            Assert.Equal((43L, (await alice.TotalsAsync(node.Http)).Uploaded), (header.Vouchers.Count, header.TotalUploaded));
        }

        Assert.True(rounds >= 5);
        Assert.Equal(0, (await RunAsync("audit", file)).ExitCode);

        // One page after the other, each voucher once, in order.
        var seen = new List<string>();
        for (var path = $"/user/{alice.UserId}/evidence?limit=10"; path is not null;)
        {
            var (_, lines, _) = await ReadAsync(node.Http, path, ("X-Passkey", alice.Passkey));
            Assert.Equal(seen.Count == 0, (string)lines[0]["type"]! == "evidence");
            seen.AddRange(lines.Where(line => (string)line["type"]! == "voucher").Select(line => (string)line["id"]!));
            path = (string?)lines[^1]["next"] is { } after ? $"/user/{alice.UserId}/evidence?limit=10&after={after}" : null;
        }

        Assert.Equal(43, seen.Count);
        Assert.Equal(seen.Distinct().Order(StringComparer.Ordinal), seen);
    }

    [Fact]
    public async Task The_audit_of_a_database_names_the_members_that_do_not_fit()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database);
        var members = new List<Member>();
        foreach (var name in new[] { "alice", "bob", "carol", "dave" })
            members.Add(await Member.RegisteredAsync(node.Http, name));
        for (var i = 0; i < 8; i++)
            await members[i % 4].ReportVouchersAsync(node.Http, await members[(i + 1) % 4].VoucherAsync(node.Http, members[i % 4], $"{i}", 1000 + i));
        Assert.Empty(await FaultsAsync());

        await using var source = NpgsqlDataSource.Create(database);
        async Task ChangeAsync(string sql)
        {
            await using var command = source.CreateCommand(sql);
            Assert.Equal(1, await command.ExecuteNonQueryAsync());
        }

        async Task<List<(string Member, string Message)>> FaultsAsync()
        {
            var (exitCode, output, error) = await RunAsync("audit", "--database", database, "--json");
            var answer = JsonNode.Parse(output)!;
            var faults = answer["faults"]!.AsArray().Select(fault => ((string)fault!["user_id"]!, (string)fault["message"]!)).ToList();
            Assert.Equal((faults.Count == 0, faults.Count == 0 ? ExitCodes.Success : ExitCodes.Refused), ((bool)answer["success"]!, exitCode));
            Assert.All(faults, fault => Assert.Contains($"pbts: {fault.Item1}: {fault.Item2}", error, StringComparison.Ordinal));
            return faults;
        }

        await ChangeAsync($"UPDATE users SET uploaded = uploaded + 1 WHERE user_id = '{members[1].UserId}'");
        var (member, message) = Assert.Single(await FaultsAsync());
        Assert.Equal(members[1].UserId, member);
        Assert.StartsWith(EvidenceFaultCodes.WrongTotal, message, StringComparison.Ordinal);
        await ChangeAsync($"UPDATE users SET uploaded = uploaded - 1 WHERE user_id = '{members[1].UserId}'");

        // A voucher that was changed: both sides are named. One that is missing: neither fits.
        await using var one = source.CreateCommand($"SELECT encode(v.id, 'hex') FROM voucher_sessions v JOIN users u ON u.id = v.sender WHERE u.user_id = '{members[2].UserId}' LIMIT 1");
        var where = $"id = decode('{await one.ExecuteScalarAsync()}', 'hex')";
        var pair = new[] { members[2].UserId, members[3].UserId }.Order().ToArray();
        foreach (var (change, code) in new[]
        {
            ("signature = set_byte(signature, 95, get_byte(signature, 95) # 1)", EvidenceFaultCodes.BadSignature),
            ("signed_at = signed_at # 1", EvidenceFaultCodes.BadSignature),
            ("bytes = bytes # 4096", EvidenceFaultCodes.BadSignature),
            ("session = set_byte(session, 3, get_byte(session, 3) # 128)", EvidenceFaultCodes.WrongId),
        })
        {
            await ChangeAsync($"UPDATE voucher_sessions SET {change} WHERE {where}");
            var faults = await FaultsAsync();
            Assert.Equal(pair, faults.Select(fault => fault.Member).Order());
            Assert.All(faults, fault => Assert.StartsWith(code, fault.Message, StringComparison.Ordinal));
            await ChangeAsync($"UPDATE voucher_sessions SET {change} WHERE {where}");
        }

        Assert.Empty(await FaultsAsync());
        await ChangeAsync($"UPDATE voucher_sessions SET sender = (SELECT id FROM users WHERE user_id = '{members[0].UserId}') WHERE {where}");
        Assert.Equal(new[] { members[0].UserId, members[0].UserId, members[2].UserId, members[3].UserId }.Order(), (await FaultsAsync()).Select(fault => fault.Member).Order());
        await ChangeAsync($"DELETE FROM voucher_sessions WHERE sender = (SELECT id FROM users WHERE user_id = '{members[0].UserId}') AND receiver = (SELECT id FROM users WHERE user_id = '{members[3].UserId}')");
        Assert.Equal(pair, (await FaultsAsync()).Select(fault => fault.Member).Order());
    }

    private static async Task<(HttpStatusCode Status, JsonObject[] Lines, string? Type)> ReadAsync(HttpClient tracker, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await tracker.SendAsync(request);
        var body = await response.Content.ReadAsByteArrayAsync();
        Assert.True(response.IsSuccessStatusCode, Encoding.UTF8.GetString(body));
        return (response.StatusCode, [.. Encoding.UTF8.GetString(body).TrimEnd('\n').Split('\n').Select(line =>
        {
            Assert.True(SealedLine.IsIntact(Encoding.UTF8.GetBytes(line)), line);
            return JsonNode.Parse(line)!.AsObject();
        })], response.Content.Headers.ContentType?.MediaType);
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var exitCode = await PbtsCommand.RunAsync(args, output, error);
        return (exitCode, output.ToString(), error.ToString());
    }
}
