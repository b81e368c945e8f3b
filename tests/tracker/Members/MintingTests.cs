using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Peer;
using Pbts.Protocol.Torrents;
using Pbts.Protocol.Vouchers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Members;

/// <summary>How credit could be made of nothing, taken from others or made void, each way tried with the settings that are the default.</summary>
public sealed class MintingTests(PostgresServer postgres) : IAsyncLifetime, IClassFixture<PostgresServer>
{
    private const long GiB = 1L << 30;

    private NodeProcess _node = null!;
    private string _database = "";

    private HttpClient Tracker => _node.Http;

    public async Task InitializeAsync()
    {
        _database = await postgres.CreateDatabaseAsync();
        _node = await NodeProcess.StartNodeAsync(_database, (NodeProcess.Unregistered, "fixed"));
    }

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task Nobody_chooses_what_a_receipt_is_worth()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        // The one who is owed names a price; the one who owes, first and in the other's name, names nothing at all.
        await alice.ReportAsync(Tracker, bob.Receipt(alice, "dear", 0, size: 16 << 20));
        await alice.ReportAsync(Tracker, bob.Receipt(alice, "cheap", 1, size: 0));
        await alice.ReportAsync(Tracker, bob.Receipt(alice, "cheap", 1, size: 16384));
        Assert.Equal((2 * 16384L, 0L), await alice.TotalsAsync(Tracker));
        Assert.Equal((0L, 2 * 16384L), await bob.TotalsAsync(Tracker));
    }

    [Fact]
    public async Task A_receipt_for_a_registered_torrent_is_worth_its_piece()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var folder = Directory.CreateTempSubdirectory("pbts-minting").FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, "data.bin"), new byte[100_000]);
        var file = await TorrentBuilder.CreateAsync(Path.Combine(folder, "data.bin"), "http://127.0.0.1:1/announce", 65536);
        Directory.Delete(folder, recursive: true);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/torrents") { Content = new ByteArrayContent(file) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-bittorrent");
        request.Headers.Add("X-Passkey", alice.Passkey);
        using var response = await Tracker.SendAsync(request);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.True(TorrentMetadata.TryParse(file, out var torrent, out var error), error);

        var (_, answer) = await alice.ReportAsync(Tracker, Enumerable.Range(0, 3).Select(piece => bob.Receipt(alice, $"{piece}", (uint)piece, size: 16 << 20, torrent: torrent.InfoHash)));
        Assert.Equal(["accepted", "accepted", "malformed"], answer.Statuses());
        Assert.Equal((100_000L, 0L), await alice.TotalsAsync(Tracker));
        // Twice the torrent and no more, however many pieces are said to have come again.
        var again = Enumerable.Range(0, 10).Select(i => bob.Receipt(alice, $"again {i}", (uint)(i % 2), torrent: torrent.InfoHash));
        (_, answer) = await alice.ReportAsync(Tracker, again);
        Assert.Contains("torrent_limit", answer.Statuses());
        Assert.InRange((await alice.TotalsAsync(Tracker)).Uploaded, 165_000, 200_000);
    }

    [Fact]
    public async Task Two_accounts_that_sign_for_each_other_make_what_everybody_is_given_once()
    {
        var (one, two, honest) = (await MemberAsync("one"), await MemberAsync("two"), await MemberAsync("honest"));
        // As fast as the ratio alone would have let them: each round doubles the last.
        var signed = GiB;
        for (var round = 0; round < 12; round++, signed *= 2)
        {
            await one.ReportVouchersAsync(Tracker, await two.VoucherAsync(Tracker, one, "there", signed));
            await two.ReportVouchersAsync(Tracker, await one.VoucherAsync(Tracker, two, "back", signed));
        }

        // What they can take from somebody else: no more than what each was given at first, and what was under way.
        Voucher Old(Voucher voucher) => voucher with { Opened = Member.Now - (20 * 86400) };
        await honest.ReportVouchersAsync(Tracker, await one.VoucherAsync(Tracker, honest, "taken", 1L << 50, Old), await two.VoucherAsync(Tracker, honest, "taken too", 1L << 50, Old));
        var taken = (await honest.TotalsAsync(Tracker)).Uploaded;
        Assert.InRange(taken, 1, 2 * (GiB + (256L << 20)));
        var totals = new[] { await one.TotalsAsync(Tracker), await two.TotalsAsync(Tracker) };
        Assert.Equal(taken, totals.Sum(t => t.Downloaded) - totals.Sum(t => t.Uploaded));
    }

    [Fact]
    public async Task A_signer_that_gives_nothing_back_is_stopped_by_what_it_may_owe()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var (_, answer) = await alice.ReportVouchersAsync(Tracker, await bob.VoucherAsync(Tracker, alice, "made up", 1L << 42, v => v with { Opened = Member.Now - (20 * 86400) }));
        Assert.Equal("partial", (string)answer["voucher_results"]![0]!["status"]!);
        Assert.Equal(GiB + (256L << 20), (await alice.TotalsAsync(Tracker)).Uploaded);
        var refused = await Tracker.GetStringAsync($"/announce/{bob.Passkey}?info_hash={Uri.EscapeDataString(new string('a', 20))}&peer_id={new string('p', 20)}&port=1&left=1");
        Assert.Contains("Insufficient", refused, StringComparison.Ordinal);
        // Receipts beyond it are not spent: they may come again.
        Assert.Equal(["receiver_limit"], (await alice.ReportAsync(Tracker, bob.Receipt(alice, "more"))).Answer.Statuses());
        Assert.Equal(["receiver_limit"], (await alice.ReportAsync(Tracker, bob.Receipt(alice, "more"))).Answer.Statuses());
    }

    [Fact]
    public async Task A_voucher_is_worth_nothing_at_another_tracker_that_knows_both_keys()
    {
        await using var other = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        var (aliceKeys, bobKeys) = (MemberIdentity.Generate(), MemberIdentity.Generate());
        var (alice, bob) = (await Member.RegisteredAsync(Tracker, "alice", aliceKeys), await Member.RegisteredAsync(Tracker, "bob", bobKeys));
        var there = await Member.RegisteredAsync(other.Http, "alice", aliceKeys);
        await Member.RegisteredAsync(other.Http, "bob", bobKeys);
        var voucher = await bob.VoucherAsync(Tracker, alice, "here", 5000);
        Assert.Equal("accepted", Status(await alice.ReportVouchersAsync(Tracker, voucher)));
        Assert.Equal("bad_signature", Status(await there.ReportVouchersAsync(other.Http, voucher)));
        Assert.Equal((0L, 0L), await there.TotalsAsync(other.Http));
    }

    [Fact]
    public async Task Who_reports_first_in_the_name_of_another_gives_it_what_it_is_owed()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var low = await bob.VoucherAsync(Tracker, alice, "a", 1000);
        var high = await bob.VoucherAsync(Tracker, alice, "a", 9000);
        // The one who owes hands in the lower of two in the other's name; the higher one is worth the rest.
        Assert.Equal("accepted", Status(await alice.ReportVouchersAsync(Tracker, low)));
        var (_, answer) = await alice.ReportVouchersAsync(Tracker, high);
        Assert.Equal(8000L, (long)answer["voucher_results"]![0]!["credited"]!);
        Assert.Equal("duplicate", Status(await alice.ReportVouchersAsync(Tracker, low)));
        Assert.Equal(9000L, (await alice.TotalsAsync(Tracker)).Uploaded);
    }

    [Fact]
    public async Task Who_changes_its_key_still_owes_what_it_signed_with_the_old_one()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var before = await bob.VoucherAsync(Tracker, alice, "before", 7000);
        var rotated = await bob.RotateAsync(Tracker);
        Assert.Equal("accepted", Status(await alice.ReportVouchersAsync(Tracker, before)));
        Assert.Equal((0L, 7000L), await rotated.TotalsAsync(Tracker));
        // The old key signs for nothing that came after it.
        var late = await bob.VoucherAsync(Tracker, alice, "after", 7000, v => v with { SignedAt = Member.Now + 100 });
        Assert.NotEqual("accepted", Status(await alice.ReportVouchersAsync(Tracker, late)));
        Assert.Equal((0L, 7000L), await rotated.TotalsAsync(Tracker));
    }

    [Fact]
    public async Task What_was_signed_is_kept_as_it_was_signed()
    {
        var (alice, bob) = (await MemberAsync("alice"), await MemberAsync("bob"));
        var voucher = await bob.VoucherAsync(Tracker, alice, "kept", 7000);
        await alice.ReportVouchersAsync(Tracker, voucher);
        await using var source = NpgsqlDataSource.Create(_database);
        await using var command = source.CreateCommand("SELECT signature FROM voucher_sessions WHERE receiver_key = $1");
        command.Parameters.Add(new() { Value = bob.Key.ToArray() });
        Assert.Equal(Convert.FromBase64String((string)voucher["signature"]!), await command.ExecuteScalarAsync());
        // Nobody else is told who met whom.
        var page = await Tracker.GetStringAsync($"/user/{alice.UserId}");
        Assert.DoesNotContain(bob.UserId, page, StringComparison.Ordinal);
        Assert.DoesNotContain(bob.PublicKey, page, StringComparison.Ordinal);
    }

    private Task<Member> MemberAsync(string name) => Member.RegisteredAsync(Tracker, name);

    private static string Status((HttpStatusCode Status, JsonObject Answer) reported) => (string)reported.Answer["voucher_results"]![0]!["status"]!;
}
