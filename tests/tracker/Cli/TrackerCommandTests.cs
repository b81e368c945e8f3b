using System.Text.Json;
using Pbts.Cli.Commands;
using Pbts.Cli.Keys;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;
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
