using System.Text.Json;
using Pbts.Cli.Commands;
using Pbts.Peer;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;
using Pbts.Tracker.Tests.Peers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Cli;

/// <summary>The commands against a real tracker: exit codes, one JSON document each, and secrets by the environment.</summary>
[Collection("node")]
public sealed class TrackerCommandTests(SharedNode shared) : MemberCommands(shared.Node.Url)
{
    private const string Torrent = "0123456789abcdef0123456789abcdef89abcdef";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Failures_are_one_json_document_with_the_documented_exit_code()
    {
        var alice = await NewMemberAsync("alice");
        (int Code, string Expected, string[] Words)[] cases =
        [
            (ExitCodes.Refused, "User not found", ["user", "nobody-of-this-name"]),
            (ExitCodes.Refused, "User already exists", ["register", alice.Id, "--key", alice.Key]),
            (ExitCodes.Refused, "receipt_window", ["config", "receipt_window=NaN"]),
            (ExitCodes.Refused, "receipt_window", ["config", "receipt_window=1,000"]),
            (ExitCodes.Refused, "receipt_window", ["config", "receipt_window=Infinity"]),
            (ExitCodes.Refused, "no /announce", ["scrape", Torrent, "--tracker", Url + "/foo"]),
            (ExitCodes.Refused, "unknown passkey", ["scrape", Torrent, "--tracker", Url + "/announce/00000000000000000000000000000000"]),
            (ExitCodes.Refused, "unknown passkey", ["announce", Torrent, "--tracker", Url + "/announce/00000000000000000000000000000000"]),
            (ExitCodes.Unreachable, "--tracker", ["user", alice.Id, "--tracker", "http://127.0.0.1:1"]),
            (ExitCodes.Unreachable, "not reached", ["scrape", Torrent, "--tracker", "http://127.0.0.1:1"]),
            (ExitCodes.Unreachable, "not reached", ["announce", Torrent, "--tracker", "http://127.0.0.1:1"]),
            (ExitCodes.Unreachable, "TLS", ["user", alice.Id, "--tracker", Url.Replace("http:", "https:", StringComparison.Ordinal)]),
            (ExitCodes.File, "missing", ["report", "--user", alice.Id, "--key", alice.Key, "--file", At("missing.json")]),
            (ExitCodes.File, "missing", ["register", "carol", "--key", At("missing.key")]),
        ];
        foreach (var (code, expected, words) in cases)
        {
            var result = await RunAsync(default, [.. words, "--json", .. words.Contains("--tracker") ? (string[])[] : ["--tracker", Url]]);
            Assert.True(code == result.ExitCode, $"{result.ExitCode}: {result.Error}");
            Assert.False(Json(result).GetProperty("success").GetBoolean());
            Assert.Contains(expected, Json(result).GetProperty("error").GetString()!, StringComparison.Ordinal);
            Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_report_that_is_refused_is_not_a_tracker_that_is_away()
    {
        var alice = await NewMemberAsync("alice");
        Assert.True(KeyFile.TryRead(alice.Key, out var identity, out var error), error);
        using (identity)
        {
            var folder = PeerCommandOptions.StateFolder(At("state"), identity);
            Directory.CreateDirectory(folder);
            using var journal = new PendingReceipts(Path.Combine(folder, "t.earned"));
            journal.Add(identity.SignReceipt(default, identity.PublicKey, PieceHash.OfPiece([1]), 0, ReceiptTime.FromTimestamp((ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds()), 1));
        }
        string[] report = ["report", "--user", "nobody-of-this-name", "--key", alice.Key, "--state", At("state"), "--json", "--tracker"];
        var refused = await RunAsync(default, [.. report, Url]);
        Assert.True(refused.ExitCode == ExitCodes.Refused, refused.Error);
        Assert.Contains("User not registered", refused.Error, StringComparison.Ordinal);
        Assert.Equal(1, Json(refused).GetProperty("waiting").GetInt32());
        Assert.Equal(ExitCodes.Unreachable, (await RunAsync(default, [.. report, "http://127.0.0.1:1"])).ExitCode);
    }

    [Fact]
    public async Task Vouchers_that_wait_are_reported_to_the_tracker_they_are_for_and_no_other()
    {
        var (alice, bob) = (await NewMemberAsync("alice"), await NewMemberAsync("bob"));
        Assert.True(KeyFile.TryRead(alice.Key, out var sender, out var error), error);
        Assert.True(KeyFile.TryRead(bob.Key, out var receiver, out error), error);
        using (sender)
        using (receiver)
        {
            var folder = PeerCommandOptions.StateFolder(At("state"), sender);
            Directory.CreateDirectory(folder);
            foreach (var (instance, bytes) in new[] { (await shared.Node.Http.InstanceIdAsync(), 3000), (new string('0', 64), 1) })
            {
                Assert.True(InstanceId.TryParse(instance, out var tracker));
                var voucher = new Voucher
                {
                    Instance = tracker, InfoHash = default, Sender = sender.PublicKey, Receiver = receiver.PublicKey, Session = default, Bytes = bytes, Opened = Member.Now, SignedAt = Member.Now,
                };
                using var earned = new EarnedVouchers(Path.Combine(folder, $"t.{instance[..8]}.vouchers"));
                earned.Keep([voucher with { Signature = receiver.Sign(voucher.SignedMessage()) }]);
            }
        }

        string[] report = ["report", "--user", alice.Id, "--key", alice.Key, "--state", At("state"), "--json", "--tracker"];
        Assert.Equal(ExitCodes.Unreachable, (await RunAsync(default, [.. report, "http://127.0.0.1:1"])).ExitCode);
        foreach (var credited in new[] { 3000, 0 })
        {
            // The other tracker's is kept: here it would be refused for good.
            var result = await RunAsync(default, [.. report, Url]);
            Assert.Equal((credited, 0, 1), (Json(result).GetProperty("voucher_bytes_credited").GetInt64(), Json(result).GetProperty("vouchers_refused").GetInt32(), Json(result).GetProperty("vouchers_waiting").GetInt32()));
        }

        Assert.Equal((3000, 0), await TotalsAsync(alice.Id));
        // What attest has signed is a file for report.
        var attested = await RunAsync(default, ["attest", "--key", bob.Key, "--sender", Json(await RunAsync(default, ["user", alice.Id, "--tracker", Url, "--json"])).GetProperty("public_key").GetString()!,
            "--infohash", Torrent, "--session", new string('2', 32), "--bytes", "400", "--instance", await shared.Node.Http.InstanceIdAsync(), "--json"]);
        await File.WriteAllTextAsync(At("vouchers.json"), attested.Output);
        var filed = await RunAsync(default, ["report", "--user", alice.Id, "--key", alice.Key, "--file", At("vouchers.json"), "--tracker", Url, "--json"]);
        Assert.True(filed.ExitCode == 0, filed.Error);
        Assert.Equal("accepted", Json(filed).GetProperty("voucher_results")[0].GetProperty("status").GetString());
        Assert.Equal((3400, 0), await TotalsAsync(alice.Id));
    }

    [Fact]
    public async Task Secrets_come_by_the_environment()
    {
        var alice = await NewMemberAsync("alice");
        var url = ("PBTS_TRACKER", $"{Url}/announce/{alice.Passkey}");
        await using (var announce = CliProcess.Start(null, [url], "announce", Torrent, "--event", "started", "--left", "0", "--port", "7003", "--json"))
            Assert.Equal(0, (await announce.SucceedAsync(Patience)).GetProperty("incomplete").GetInt32());

        await File.WriteAllBytesAsync(At("data.bin"), new byte[1000]);
        await using (var create = CliProcess.Start(null, [url], "torrent", "create", At("data.bin"), "--json"))
            Assert.Equal(url.Item2, (await create.SucceedAsync(Patience)).GetProperty("trackers")[0].GetString());

        foreach (var (token, code) in new[] { ("to\nken", ExitCodes.Usage), ("tök", ExitCodes.Usage), ("token\n", ExitCodes.Success), ("", ExitCodes.Success) })
        {
            await using var config = CliProcess.Start(null, [("PBTS_ADMIN_TOKEN", token)], "config", "--tracker", Url, "--json");
            Assert.True(code == await config.ExitAsync(Patience), config.Error);
            Assert.Equal(code == ExitCodes.Success, JsonSerializer.Deserialize<JsonElement>(config.Output).TryGetProperty("verify_signatures", out _));
            if (code != ExitCodes.Success)
                Assert.Contains("PBTS_ADMIN_TOKEN", config.Error, StringComparison.Ordinal);
        }
    }
}
