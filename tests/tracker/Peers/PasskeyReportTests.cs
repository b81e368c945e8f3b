using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>A tracker that takes reports with the member's passkey only.</summary>
public sealed class PasskeyReportTests(PostgresServer postgres) : IAsyncLifetime, IClassFixture<PostgresServer>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private NodeProcess _node = null!;

    public async Task InitializeAsync() =>
        _node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Receipts__RequirePasskey", "true"));

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task Seed_and_report_send_the_passkey_of_the_announce_url_or_the_environment()
    {
        using var commands = new Commands(_node.Url);
        await commands.TransferAsync(Patience);
    }

    private sealed class Commands(Uri tracker) : MemberCommands(tracker)
    {
        public async Task TransferAsync(TimeSpan patience)
        {
            var (alice, bob) = (await NewMemberAsync("alice"), await NewMemberAsync("bob"));
            var torrent = await NewTorrentAsync(1_000_000, 65536);
            // Without a passkey the tracker takes nothing; the vouchers wait.
            await RunAsync(torrent, alice, bob, [], "1", patience);
            Assert.Equal((0, 0), await TotalsAsync(alice.Id));
            await using var refused = CliProcess.Start("report", "--user", alice.Id, "--key", alice.Key, "--tracker", Url, "--state", At("seed1"), "--json");
            Assert.NotEqual(0, await refused.ExitAsync(patience));
            Assert.Contains("passkey is missing", refused.Error, StringComparison.Ordinal);

            await using (var report = CliProcess.Start(null, [("PBTS_PASSKEY", alice.Passkey)], "report", "--user", alice.Id, "--key", alice.Key, "--tracker", Url, "--state", At("seed1"), "--json"))
                Assert.Equal(1_000_000, (await report.SucceedAsync(patience)).GetProperty("voucher_bytes_credited").GetInt32());
            Assert.Equal((1_000_000, 0), await TotalsAsync(alice.Id));

            // With the announce URL that registering gave, seed reports by itself. The receipts are another member's.
            var carol = await NewMemberAsync("carol");
            await RunAsync(torrent, alice, carol, ["--tracker", $"{Url}/announce/{alice.Passkey}"], "2", patience);
            Assert.Equal((2_000_000, 0), await TotalsAsync(alice.Id));
            Assert.Equal((0, 1_000_000), await TotalsAsync(carol.Id));
        }

        private async Task RunAsync(string torrent, MemberFiles uploader, MemberFiles downloader, string[] more, string number, TimeSpan patience)
        {
            await using var seed = CliProcess.Start(["seed", torrent, "--data", Folder, "--user", uploader.Id, "--key", uploader.Key, "--state", At($"seed{number}"), "--listen", "127.0.0.1", "--quiet", "--json", .. more]);
            await using var get = CliProcess.Start("get", torrent, "--data", At($"got{number}"), "--user", downloader.Id, "--key", downloader.Key, "--state", At($"get{number}"), "--listen", "127.0.0.1", "--quiet", "--json");
            await get.SucceedAsync(patience);
            await seed.StopAsync(patience);
        }
    }
}
