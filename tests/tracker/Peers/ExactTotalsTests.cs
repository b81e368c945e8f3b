using System.Text.Json;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>Real <c>pbts</c> processes transfer real files; what the tracker then says of each equals what moved, to the byte.</summary>
[Collection("node")]
public sealed class ExactTotalsTests(SharedNode shared) : MemberCommands(shared.Node.Url)
{
    private const int KiB = 1 << 10;
    private const int MiB = 1 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(9);

    [Theory]
    [InlineData(2, MiB + 1, 16 * KiB)] // a last piece of one byte
    [InlineData(2, 9 * MiB - 77, MiB)]
    [InlineData(10, MiB + 5000, 16 * KiB)]
    public Task Totals_are_exact(int peers, long length, int pieceLength) => TransferAsync(peers, length, pieceLength);

    [Theory]
    [Trait("suite", "slow")]
    [InlineData(2, MiB, 4 * MiB)] // a piece that is shorter than its length
    [InlineData(2, 32 * MiB + 16 * KiB - 1, 16 * KiB)]
    [InlineData(2, 256 * MiB, 256 * KiB)]
    [InlineData(2, 256 * MiB - 12345, 4 * MiB)]
    [InlineData(10, 32 * MiB + 3, 256 * KiB)]
    [InlineData(10, 256 * MiB - 1, 4 * MiB)]
    public Task Totals_of_large_transfers_are_exact(int peers, long length, int pieceLength) => TransferAsync(peers, length, pieceLength);

    [Fact]
    [Trait("suite", "slow")]
    public Task Totals_of_sixteen_thousand_pieces_are_exact() => TransferAsync(2, 256 * MiB, 16 * KiB);

    private async Task TransferAsync(int peers, long length, int pieceLength)
    {
        var members = new List<MemberFiles>();
        for (var i = 0; i < peers; i++)
            members.Add(await NewMemberAsync($"peer{i}"));
        var torrent = await NewTorrentAsync(length, pieceLength);
        await using var seed = Start("seed", torrent, Folder, members[0], 0);
        var gets = members.Skip(1).Select((m, i) => Start("get", torrent, At($"got{i + 1}"), m, i + 1)).ToArray();
        var said = new List<JsonElement>();
        try
        {
            foreach (var get in gets)
                said.Add(await get.SucceedAsync(Patience));
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{e.Message}\n--- all:\n{string.Join('\n', gets.Append(seed).Select(p => p.Error))}", e);
        }
        said.Insert(0, await seed.StopAsync(TimeSpan.FromMinutes(2)));

        var (up, down, uploaded, wasted) = (0L, 0L, 0L, 0L);
        for (var i = 0; i < peers; i++)
        {
            var totals = await TotalsAsync(members[i].Id);
            Assert.Equal(said[i].GetProperty("bytes_earned").GetInt64(), totals.Up);
            var given = said[i].GetProperty("uploaded").GetInt64();
            Assert.True(totals.Up <= given, $"{members[i].Id}: {totals.Up} credited, {given} sent");
            (up, down, uploaded) = (up + totals.Up, down + totals.Down, uploaded + given);
            if (i == 0)
            {
                Assert.Equal(0, totals.Down);
                continue;
            }
            Assert.True(await IsSameAsync(At("data.bin"), At($"got{i}/data.bin")));
            var lost = said[i].GetProperty("wasted").GetInt64();
            Assert.Equal(said[i].GetProperty("bytes_signed").GetInt64(), totals.Down);
            Assert.Equal(said[i].GetProperty("downloaded").GetInt64(), totals.Down + lost);
            Assert.Equal(length, totals.Down);
            wasted += lost;
            await gets[i - 1].DisposeAsync();
        }
        // A block counts once, for who sent it; of two peers none comes twice or is given up either.
        Assert.Equal((length * (peers - 1), length * (peers - 1)), (up, down));
        if (peers == 2)
            Assert.Equal((length, 0), (uploaded, wasted));
    }

    private CliProcess Start(string verb, string torrent, string data, MemberFiles member, int number) => CliProcess.Start(
        verb, torrent, "--data", data, "--user", member.Id, "--key", member.Key, "--state", At($"state{number}"), "--listen", "127.0.0.1", "--quiet", "--json");
}
