using Pbts.Cli.Keys;
using Pbts.Cli.Peers;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;
using static Pbts.Tracker.Tests.Peers.TransferSetup;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>Strangers that take what is limited (places, memory, room for receipts): while they are at it others go on, and nothing is lost.</summary>
public sealed class CrowdedPeerTests : IAsyncLifetime
{
    private const int Pieces = 13;

    private readonly MemberIdentity _alice = MemberIdentity.Generate();
    private readonly MemberIdentity _bob = MemberIdentity.Generate();
    private TransferSetup _setup = null!;

    public async Task InitializeAsync() => _setup = await CreateAsync(200_000, 16384);

    public Task DisposeAsync()
    {
        _setup.Dispose();
        _alice.Dispose();
        _bob.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Callers_that_say_nothing_keep_nobody_out()
    {
        await using var seed = await SeedAsync(o => o with { MaxHalfOpen = 4, HandshakeTimeout = TimeSpan.FromMinutes(10) });
        var silent = new List<RawPeer>();
        for (var i = 0; i < 20; i++)
            silent.Add(await RawPeer.ConnectSilentlyAsync(seed));
        await DownloadAsync(seed);
        Assert.True(await silent[0].IsClosedAsync());
        Assert.False(await silent[^1].IsClosedAsync(seconds: 1));
        silent.ForEach(s => s.Dispose());
    }

    [Fact]
    public async Task Who_asks_for_the_same_receipts_for_ever_is_hung_up_on()
    {
        await using var get = await _setup.StartAsync("get", _bob);
        using var uploader = await RawPeer.UploaderAsync(_setup, get, _alice.PublicKey);
        await uploader.ServeAllAsync(_setup);
        await get.Session.Completed.WaitAsync(TimeSpan.FromSeconds(30));
        await EventuallyAsync(() => get.Session.Receipts.IsAllSigned, "signed");
        var hash = PieceHash.OfPiece(_setup.Data.AsSpan(0, 16384));
        var request = Bep10Frame.Build(3, ReceiptCodec.EncodeRequest(new ReceiptRequest(_setup.Torrent.InfoHash, hash, 0)));
        var asking = Task.Run(async () =>
        {
            for (var i = 0; i < 5000 && get.Session.PeerCount > 0; i++)
                await uploader.SendAsync(request);
        });
        Assert.True(await uploader.IsClosedAsync(30));
        await asking;
        Assert.Equal(Pieces, get.Session.Receipts.ToDeliver.Count);
    }

    [Fact]
    public async Task Receipts_the_uploader_has_no_room_for_wait_at_their_signer()
    {
        const int Room = 5;
        await using var seed = await SeedAsync(o => o with { Receipts = o.Receipts with { Capacity = Room } });
        await using var get = await _setup.StartAsync("get", _bob);
        get.AddPeers([Address(seed)]);
        await get.Session.Completed.WaitAsync(TimeSpan.FromSeconds(60));
        await EventuallyAsync(() => get.Session.Receipts.IsAllSigned, "signed");
        Assert.False(await get.DeliverReceiptsAsync(TimeSpan.FromSeconds(1), default));
        Assert.InRange(seed.Session.Receipts.ToReport.Count, 0, Room);

        // The tracker takes what there is, again and again.
        var reported = new HashSet<ReceiptId>();
        var delivered = get.DeliverReceiptsAsync(TimeSpan.FromSeconds(60), default);
        while (!delivered.IsCompleted)
        {
            reported.UnionWith(seed.Session.Receipts.ToReport.Drain().Select(r => r.Id));
            await Task.Delay(20);
        }
        reported.UnionWith(seed.Session.Receipts.ToReport.Drain().Select(r => r.Id));
        Assert.True(await delivered);
        Assert.Equal(Pieces, reported.Count);
    }

    private Task<TorrentPeer> SeedAsync(Func<PeerOptions, PeerOptions> change) => _setup.StartAsync("seed", _alice, change: change);

    private async Task DownloadAsync(TorrentPeer seed)
    {
        await using var get = await _setup.StartAsync("honest", _bob);
        get.AddPeers([Address(seed)]);
        await get.Session.Completed.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(_setup.Data, _setup.Downloaded("honest"));
        Assert.True(await get.DeliverReceiptsAsync(TimeSpan.FromSeconds(30), default));
    }
}
