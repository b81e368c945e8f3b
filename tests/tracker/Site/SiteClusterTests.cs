using System.Diagnostics;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Site;

/// <summary>What a site says holds on every front end and silo within a second, and survives every process.</summary>
public sealed class SiteClusterTests(PostgresServer postgres, ITestOutputHelper output) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Three_silos_and_two_front_ends_do_as_the_site_says_within_a_second_and_after_all_were_killed()
    {
        var database = await postgres.CreateDatabaseAsync();
        var silos = await Task.WhenAll(NodeProcess.StartSiloAsync(database), NodeProcess.StartSiloAsync(database), NodeProcess.StartSiloAsync(database));
        var fronts = await Task.WhenAll(NodeProcess.StartApiAsync(database), NodeProcess.StartApiAsync(database));
        try
        {
            string[] passkeys = [.. Enumerable.Range(1, 3).Select(member => new string((char)('a' + member), 32))];
            await PutAsync("members", $$"""{"members":[{{string.Join(',', passkeys.Select((passkey, i) => $$"""{"user_id":"{{i + 1}}","passkey":"{{passkey}}"}"""))}}]}""");
            // Swarms on every silo.
            var torrents = Enumerable.Range(1, 12).Select(_ => Announcer.NewTorrent()).ToArray();
            await SayAsync("approved");
            await WithinASecondAsync("members and torrents", async (front, torrent) => await SaysAsync(front, torrent, passkeys[0]) is (null, null));

            await SayAsync("pending");
            await WithinASecondAsync("pending", async (front, torrent) => (await SaysAsync(front, torrent, passkeys[0])).Warning?.StartsWith("this torrent has not been approved yet", StringComparison.Ordinal) == true);
            await SayAsync("rejected");
            await WithinASecondAsync("rejected", async (front, torrent) => (await SaysAsync(front, torrent, passkeys[0])).Failure == "this torrent has been rejected");
            await SayAsync("approved");
            await WithinASecondAsync("approved again", async (front, torrent) => await SaysAsync(front, torrent, passkeys[0]) is (null, null));

            await PutAsync("members", """{"members":[{"user_id":"1","disabled":"cheated"}]}""");
            await WithinASecondAsync("banned", async (front, torrent) => (await SaysAsync(front, torrent, passkeys[0])).Failure == "this account is disabled: cheated");
            var renewed = new string('z', 32);
            await PutAsync("members", $$"""{"members":[{"user_id":"2","passkey":"{{renewed}}"}]}""");
            await WithinASecondAsync("rotated", async (front, torrent) => (await SaysAsync(front, torrent, passkeys[1])).Failure == "unknown passkey");
            await WithinASecondAsync("the new passkey", async (front, torrent) => await SaysAsync(front, torrent, renewed) is (null, null));
            Assert.Null((await SaysAsync(fronts[0], torrents[0], passkeys[2])).Failure);
            Assert.Null((await SaysAsync(fronts[1], torrents[0], passkeys[2])).Failure);
            await fronts[0].SiteAsync(HttpMethod.Delete, "members/3");
            await WithinASecondAsync("removed", async (front, torrent) => (await SaysAsync(front, torrent, passkeys[2])).Failure == "unknown passkey");
            await PutAsync("groups", """{"groups":[{"id":1,"name":"none","download_slots":0}]}""");
            await PutAsync("members", """{"members":[{"user_id":"2","group_id":1}]}""");
            await WithinASecondAsync("no slots", async (front, torrent) => (await SaysAsync(front, torrent, renewed)).Warning?.Contains("may download 0 torrents", StringComparison.Ordinal) == true);

            await SayAsync("deleted");
            await Task.WhenAll([.. silos.Select(silo => silo.KillAsync()), .. fronts.Select(front => front.KillAsync())]);
            silos = await Task.WhenAll(silos.Select(silo => silo.StartAgainAsync()));
            fronts = await Task.WhenAll(fronts.Select(front => front.StartAgainAsync()));
            await Wait.UntilAsync(async () => (await SaysAsync(fronts[0], torrents[0], passkeys[0])).Failure == "this account is disabled: cheated");
            await Wait.UntilAsync(async () => (await SaysAsync(fronts[1], torrents[0], renewed)).Warning?.Contains("may download 0 torrents", StringComparison.Ordinal) == true);
            await PutAsync("groups", """{"groups":[{"id":1,"name":"none"}]}""");
            foreach (var torrent in torrents)
                await Wait.UntilAsync(async () => (await SaysAsync(fronts[0], torrent, renewed)).Failure == "this torrent has been deleted");

            Task SayAsync(string status) =>
                PutAsync("torrents", $$"""{"torrents":[{{string.Join(',', torrents.Select((torrent, i) => $$"""{"infohash":"{{Convert.ToHexStringLower(torrent)}}","id":{{i + 1}},"status":"{{status}}"}"""))}}]}""");

            Task PutAsync(string what, string body) => fronts[Random.Shared.Next(2)].SiteAsync(HttpMethod.Put, what, body);

            // Each front end is asked for each torrent until it does as was said; the last of all is what it took.
            async Task WithinASecondAsync(string what, Func<NodeProcess, byte[], Task<bool>> does)
            {
                var since = Stopwatch.StartNew();
                await Task.WhenAll(fronts.SelectMany(front => torrents.Select(async torrent =>
                {
                    while (!await does(front, torrent))
                        Assert.True(since.Elapsed < TimeSpan.FromSeconds(30), what);
                })));
                output.WriteLine($"{what}: {since.ElapsedMilliseconds} ms");
                Assert.True(since.Elapsed < TimeSpan.FromSeconds(1.5), $"{what}: {since.ElapsedMilliseconds} ms");
            }
        }
        finally
        {
            foreach (var process in (NodeProcess[])[.. silos, .. fronts])
                await process.DisposeAsync();
        }
    }

    private static async Task<(string? Failure, string? Warning)> SaysAsync(NodeProcess front, byte[] torrent, string passkey)
    {
        var reply = await new Announcer(front).GetAsync(Announcer.Target(torrent, 1, 5, path: "/announce/" + passkey));
        return (reply.Failure, reply.Warning);
    }
}
