using System.Text.Json;
using Pbts.Cli.Commands;
using Pbts.Tracker.Tests.Peers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Cli;

/// <summary>Invites and the registry of torrents by command, as the administration and as a member.</summary>
[Collection("node")]
public sealed class InviteCommandTests(SharedNode shared) : MemberCommands(shared.Node.Url)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task An_operator_makes_lists_and_ends_invites_and_a_guest_comes_by_one()
    {
        var made = await RunAsync(default, "invite", "create", "--uses", "2", "--expires", "3600", "--tracker", Url, "--json");
        Assert.True(made.ExitCode == 0, made.Error);
        var (id, token) = (Json(made).GetProperty("id").GetInt64(), Json(made).GetProperty("token").GetString()!);
        Assert.Equal(0, (await RunAsync(default, "keygen", "--out", At("guest.key"))).ExitCode);
        var guest = $"guest-{Guid.NewGuid():N}";
        var registered = await RunAsync(default, "register", guest, "--key", At("guest.key"), "--invite", token, "--tracker", Url, "--json");
        Assert.True(registered.ExitCode == 0, registered.Error);
        Assert.Equal("invite", Json(registered).GetProperty("origin").GetString());

        var listed = Json(await RunAsync(default, "invite", "list", "--tracker", Url, "--json")).GetProperty("invites").EnumerateArray().Single(one => one.GetProperty("id").GetInt64() == id);
        Assert.Equal((1, 2, guest), (listed.GetProperty("used").GetInt32(), listed.GetProperty("uses").GetInt32(), listed.GetProperty("used_by")[0].GetString()));
        Assert.Equal(0, (await RunAsync(default, "invite", "revoke", $"{id}", "--tracker", Url)).ExitCode);
        Assert.Equal(0, (await RunAsync(default, "keygen", "--out", At("late.key"))).ExitCode);
        await using (var late = CliProcess.Start(null, [("PBTS_INVITE", token)], "register", "late", "--key", At("late.key"), "--tracker", Url, "--json"))
        {
            Assert.Equal(ExitCodes.Refused, await late.ExitAsync(Patience));
            Assert.Contains("invite is not valid", JsonSerializer.Deserialize<JsonElement>(late.Output).GetProperty("error").GetString()!, StringComparison.Ordinal);
        }

        var missing = await RunAsync(default, "invite", "revoke", "999999999", "--tracker", Url, "--json");
        Assert.Equal(ExitCodes.Refused, missing.ExitCode);
        Assert.Equal("no such invite", Json(missing).GetProperty("error").GetString());
        Assert.Equal(ExitCodes.Usage, (await RunAsync(default, "invite", "create", "--uses", "0")).ExitCode);
        Assert.Equal(ExitCodes.Unreachable, (await RunAsync(default, "invite", "list", "--tracker", "http://127.0.0.1:1")).ExitCode);
    }

    [Fact]
    public async Task The_administration_registers_members_of_its_own_when_it_says_so()
    {
        Assert.Equal(0, (await RunAsync(default, "keygen", "--out", At("own.key"))).ExitCode);
        await using var site = CliProcess.Start(null, [("PBTS_ADMIN_TOKEN", "any")], "register", $"own-{Guid.NewGuid():N}", "--key", At("own.key"), "--site", "--tracker", Url, "--json");
        Assert.Equal("site", (await site.SucceedAsync(Patience)).GetProperty("origin").GetString());
        Assert.Equal(0, (await RunAsync(default, "keygen", "--out", At("open.key"))).ExitCode);
        await using var open = CliProcess.Start(null, [("PBTS_ADMIN_TOKEN", "any")], "register", $"open-{Guid.NewGuid():N}", "--key", At("open.key"), "--tracker", Url, "--json");
        Assert.Equal("open", (await open.SucceedAsync(Patience)).GetProperty("origin").GetString());
    }

    [Fact]
    public async Task Torrents_are_published_by_their_member_by_file_and_when_they_are_made()
    {
        var alice = await NewMemberAsync("alice");
        var torrent = await NewTorrentAsync(100_000, 16384);
        var announceUrl = $"{Url}/announce/{alice.Passkey}";
        var published = await RunAsync(default, "torrent", "publish", torrent, "--tracker", announceUrl, "--json");
        Assert.True(published.ExitCode == 0, published.Error);
        var infoHash = Json(published).GetProperty("torrents")[0].GetProperty("infohash").GetString()!;
        var (_, entry) = await shared.Node.Http.GetJsonAsync($"/torrents/{infoHash}");
        Assert.Equal((100_000L, 7L), ((long)entry["size"]!, (long)entry["pieces"]!));

        await File.WriteAllBytesAsync(At("other.bin"), [1, 2, 3]);
        await using (var create = CliProcess.Start(null, [("PBTS_TRACKER", announceUrl)], "torrent", "create", At("other.bin"), "--publish", "--json"))
        {
            var made = await create.SucceedAsync(Patience);
            Assert.True(made.GetProperty("published").GetBoolean());
            var (_, row) = await shared.Node.Http.GetJsonAsync($"/console/api/torrents?search={made.GetProperty("info_hash").GetString()![..12]}");
            Assert.Equal(("other.bin", alice.Id), ((string)row["torrents"]![0]!["name"]!, (string)row["torrents"]![0]!["publisher"]!));
        }

        // What the tracker refuses is written all the same, and the exit code says that it is not registered.
        var refused = await RunAsync(default, "torrent", "create", At("other.bin"), "--publish", "--tracker", $"{Url}/announce/{new string('0', 32)}", "--out", At("kept.torrent"), "--json");
        Assert.Equal(ExitCodes.Refused, refused.ExitCode);
        Assert.False(Json(refused).GetProperty("published").GetBoolean());
        Assert.True(File.Exists(At("kept.torrent")));
        Assert.Equal(ExitCodes.Usage, (await RunAsync(default, "torrent", "create", At("other.bin"), "--publish", "--tracker", "udp://127.0.0.1:9/announce")).ExitCode);
        await File.WriteAllTextAsync(At("bad.torrent"), "no torrent");
        Assert.Equal(ExitCodes.Refused, (await RunAsync(default, "torrent", "publish", At("bad.torrent"), "--tracker", Url)).ExitCode);
        Assert.Equal(ExitCodes.File, (await RunAsync(default, "torrent", "publish", At("missing.torrent"), "--tracker", Url)).ExitCode);
    }
}
