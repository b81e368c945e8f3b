using System.Net;
using System.Text;
using Npgsql;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Site;

/// <summary>A Gazelle site, which writes to a socket what it wrote to Ocelot, and reads whether it ends with <c>success</c>.</summary>
public sealed class OcelotTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const string Secret = "ocelot0123456789abcdefghijklmnop";
    private const string First = "aZ09bY18cX27dW36eV45fU54gT63hS72";
    private const string Second = "0123456789abcdefghijklmnopqrstuv";

    private static readonly (string, string) Setting = ("Site__OcelotKey", Secret);

    [Fact]
    public async Task Members_are_added_changed_taken_out_and_back_in_and_survive_a_kill()
    {
        var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), Setting);
        try
        {
            await DoneAsync(node, $"action=add_user&id=7&passkey={First}&visible=1");
            Assert.Null(await Unit3dSite.FailureAsync(node, First));
            await Unit3dSite.ClaimAsync(node, First, 5000);
            await Wait.UntilAsync(async () => (long)(await node.Http.GetJsonAsync("/user/7")).Answer["claimed_uploaded"]! == 5000);
            await DoneAsync(node, $"action=update_user&passkey={First}&can_leech=0&visible=0");
            await Unit3dSite.WithinASecondAsync(async () => await Unit3dSite.FailureAsync(node, First) == "this account may seed, not download");
            await DoneAsync(node, $"action=change_passkey&oldpasskey={First}&newpasskey={Second}");
            await Unit3dSite.WithinASecondAsync(async () => await Unit3dSite.FailureAsync(node, First) == "unknown passkey");
            await Unit3dSite.WithinASecondAsync(async () => await Unit3dSite.FailureAsync(node, Second) == "this account may seed, not download");
            await DoneAsync(node, $"action=update_user&passkey={Second}&can_leech=1&visible=1");
            await Unit3dSite.WithinASecondAsync(async () => await Unit3dSite.FailureAsync(node, Second) is null);

            // Disabled and enabled again is the same member.
            await DoneAsync(node, $"action=add_user&id=8&passkey={First}");
            await DoneAsync(node, $"action=remove_users&passkeys={First}{Second}");
            foreach (var passkey in (string[])[First, Second])
                await Unit3dSite.WithinASecondAsync(async () => await Unit3dSite.FailureAsync(node, passkey) == "unknown passkey");
            await DoneAsync(node, $"action=add_user&id=7&passkey={Second}");
            await DoneAsync(node, $"action=remove_user&passkey={First}");
            await node.KillAsync();
            node = await node.StartAgainAsync();
            Assert.Equal((null, "unknown passkey"), (await Unit3dSite.FailureAsync(node, Second), await Unit3dSite.FailureAsync(node, First)));
            Assert.Equal(5000, (long)(await node.Http.GetJsonAsync("/user/7")).Answer["claimed_uploaded"]!);
            await DoneAsync(node, $"action=add_user&id=8&passkey={First}");
            Assert.Equal("newpasskey is taken", await UpdateAsync(node, $"action=change_passkey&oldpasskey={First}&newpasskey={Second}"));
        }
        finally
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task Torrents_and_tokens_are_as_was_said()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database, Setting);
        await using var rows = NpgsqlDataSource.Create(database);
        // With all bytes there are, some of which some software does not escape.
        byte[] torrent = [0, (byte)'&', (byte)'=', (byte)'%', 10, 13, (byte)'+', 255, .. Announcer.NewTorrent().AsSpan(0, 12)];
        var other = Announcer.NewTorrent();
        var (hash, both) = (Announcer.Escape(torrent), $"{Announcer.Escape(torrent)}{Announcer.Escape(other)}");
        await DoneAsync(node, $"action=add_torrent&info_hash={hash}&id=5&freetorrent=0");
        await DoneAsync(node, $"action=add_torrent&info_hash={Announcer.Escape(other)}&id=6&freetorrent=1");
        Assert.Equal("5 1 100 100,6 1 0 100", await TorrentsAsync());
        await DoneAsync(node, $"action=update_torrent&info_hash={hash}&freetorrent=2");
        Assert.Equal("5 1 0 0,6 1 0 100", await TorrentsAsync());
        await DoneAsync(node, $"action=update_torrents&info_hashes={both}&freetorrent=0");
        Assert.Equal("5 1 100 100,6 1 100 100", await TorrentsAsync());
        await DoneAsync(node, $"action=info_torrent&info_hash={hash}");

        await DoneAsync(node, $"action=add_user&id=7&passkey={First}");
        await DoneAsync(node, $"action=add_token&info_hash={hash}&userid=7");
        await DoneAsync(node, $"action=add_token&info_hash={hash}&userid=99");
        Assert.Equal($"7 {Convert.ToHexStringLower(torrent)}", await Unit3dSite.OneAsync(rows, "SELECT string_agg(user_id || ' ' || encode(info_hash, 'hex'), ',') FROM freeleech_tokens JOIN users ON users.id = member"));
        await DoneAsync(node, $"action=remove_token&info_hash={hash}&userid=7");
        Assert.Equal("0", await Unit3dSite.OneAsync(rows, "SELECT count(*) FROM freeleech_tokens"));

        await DoneAsync(node, $"action=delete_torrent&info_hash={hash}&id=5&reason=1");
        Assert.Equal("replaced by a better one", await Unit3dSite.OneAsync(rows, "SELECT reason FROM site_torrents WHERE id = 5"));
        Assert.Equal("5 4 100 100,6 1 100 100", await TorrentsAsync());
        await DoneAsync(node, $"action=delete_torrent&info_hash={new string('a', 20)}&reason=0");
        // What is added again is served again.
        await DoneAsync(node, $"action=add_torrent&info_hash={hash}&id=5&freetorrent=0");
        Assert.Equal("5 1 100 100,6 1 100 100", await TorrentsAsync());
        Assert.Equal("id is taken", await UpdateAsync(node, $"action=add_torrent&info_hash={Announcer.Escape(Announcer.NewTorrent())}&id=5&freetorrent=0"));

        Task<string> TorrentsAsync() => Unit3dSite.OneAsync(rows, "SELECT string_agg(concat_ws(' ', id, status, download_factor, upload_factor), ',' ORDER BY id) FROM site_torrents");
    }

    [Fact]
    public async Task Clients_on_the_list_may_announce_and_no_others()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), Setting);
        await DoneAsync(node, $"action=add_user&id=7&passkey={First}");
        await DoneAsync(node, "action=add_whitelist&peer_id=-UT35");
        await Unit3dSite.WithinASecondAsync(async () => await Unit3dSite.FailureAsync(node, First) == "client -XX0001- is not one of those allowed here");
        await DoneAsync(node, "action=edit_whitelist&old_peer_id=-UT35&new_peer_id=-XX");
        await Unit3dSite.WithinASecondAsync(async () => await Unit3dSite.FailureAsync(node, First) is null);
        await DoneAsync(node, "action=add_whitelist&peer_id=-UT35");
        await DoneAsync(node, "action=remove_whitelist&peer_id=-XX");
        await Unit3dSite.WithinASecondAsync(async () => await Unit3dSite.FailureAsync(node, First) == "client -XX0001- is not one of those allowed here");
        await DoneAsync(node, "action=update_announce_interval&new_announce_interval=900");
    }

    [Fact]
    public async Task The_report_says_how_much_there_is_in_lines_of_a_value_and_its_name()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), Setting);
        await DoneAsync(node, $"action=add_user&id=7&passkey={First}");
        var (announcer, torrent) = (new Announcer(node), Announcer.NewTorrent());
        await announcer.AnnounceAsync(torrent, 1, 0);
        await announcer.AnnounceAsync(torrent, 2, 5);
        await announcer.AnnounceAsync(torrent, 3, 5);
        Assert.Equal("unknown passkey", await Unit3dSite.FailureAsync(node, Second));
        var report = await ReportAsync(node, "get=stats");
        Assert.Equal(("2", "1", "3", "1"), (report["leechers tracked"], report["seeders tracked"], report["successful announcements"], report["failed announcements"]));
        Assert.Matches("^Uptime: 0 days, 00:0[0-9]:[0-9][0-9]$", $"Uptime: {report.Keys.Single(key => key.Contains("days", StringComparison.Ordinal))}");
        report = await ReportAsync(node, $"get=user&key={First}");
        Assert.Equal(("0", "0"), (report["leeching"], report["seeding"]));
        Assert.Empty(await ReportAsync(node, $"get=user&key={Second}"));
    }

    [Fact]
    public async Task What_is_wrong_is_named()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), Setting);
        foreach (var (query, error) in ((string, string)[])[
            ("action=fly", "action is unknown"),
            ("", "action is unknown"),
            ("action=add_torrent&info_hash=%00&id=5&freetorrent=0", "info_hash must be 20 bytes"),
            ("action=add_torrent&info_hash=%0&id=5&freetorrent=0", "info_hash has a broken escape"),
            ("action=add_torrent&info_hash=aaaaaaaaaaaaaaaaaaaa&id=x&freetorrent=0", "id must be a number"),
            ("action=add_torrent&info_hash=aaaaaaaaaaaaaaaaaaaa&id=5&freetorrent=3", "freetorrent must be 0, 1 or 2"),
            ("action=update_torrents&info_hashes=aaaaaaaaaaaaaaaaaaaab&freetorrent=0", "info_hashes must be 20 bytes each"),
            ("action=add_user&id=7&passkey=short", "passkey must be 32 letters and digits"),
            ("action=add_user&id=7&passkey=ocelot0123456789abcdefghijklmnop", "passkey must be 32 letters and digits, and no key of a site"),
            ("action=change_passkey&oldpasskey=aZ09bY18cX27dW36eV45fU54gT63hS72", "newpasskey must be 32 letters and digits"),
            ("action=remove_users&passkeys=aZ09bY18cX27dW36eV45fU54gT63hS72aa", "passkeys must be 32 letters and digits each"),
            ("action=add_whitelist&peer_id=", "peer_id must be 1 to 20 bytes"),
        ])
            Assert.StartsWith(error, await UpdateAsync(node, query), StringComparison.Ordinal);
    }

    private static async Task DoneAsync(NodeProcess node, string query) => Assert.Equal("success", await UpdateAsync(node, query));

    private static async Task<string> UpdateAsync(NodeProcess node, string query) => await GetAsync(node, $"{Secret}/update?{query}");

    private static async Task<Dictionary<string, string>> ReportAsync(NodeProcess node, string query)
    {
        var lines = (await GetAsync(node, $"{Secret}/report?{query}")).Split('\n');
        Assert.Equal("success", lines[^1]);
        return lines[..^1].Select(line => line.Split(' ', 2)).ToDictionary(line => line[1], line => line[0]);
    }

    /// <summary>As Gazelle asks, which names no host, and reads, which knows of no chunks.</summary>
    private static async Task<string> GetAsync(NodeProcess node, string target)
    {
        var answer = Encoding.Latin1.GetString(await RawHttp.ExchangeAsync(new(IPAddress.Loopback, node.Port), Encoding.Latin1.GetBytes($"GET /{target} HTTP/1.1\r\nConnection: Close\r\n\r\n")));
        return answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
    }
}
