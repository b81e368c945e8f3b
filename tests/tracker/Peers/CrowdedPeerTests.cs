using Pbts.Peer;
using Pbts.Peer.Exchange;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;
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
    public async Task Peers_that_only_sit_there_keep_nobody_out()
    {
        var useless = TimeSpan.FromSeconds(3);
        await using var seed = await SeedAsync(o => o with { MaxConnections = 5, UselessTimeout = useless });
        var idlers = new List<RawPeer>();
        for (var i = 0; i < 5; i++)
            idlers.Add(await RawPeer.ConnectAsync(seed, _setup.Torrent, $"-XX0000-idle-peer-0{i}"));
        await EventuallyAsync(() => seed.Session.PeerCount == 5, "they have arrived");
        // The last of them takes a piece now and then, so it is none to go.
        using var busy = await RawPeer.ConnectAsync(seed, _setup.Torrent, "-XX0000-refused-yet!");
        Assert.True(await busy.IsClosedAsync());
        await idlers[4].SendAsync(PeerMessages.Simple(PeerMessages.Interested));
        Assert.NotNull(await idlers[4].NextAsync(PeerMessages.Unchoke));
        using var served = new CancellationTokenSource();
        var useful = Task.Run(async () =>
        {
            for (var i = 0; !served.IsCancellationRequested; i = (i + 1) % 12)
            {
                await idlers[4].SendAsync(PeerMessages.Numbers(PeerMessages.Request, i, 0, 16384));
                Assert.NotNull(await idlers[4].NextAsync(PeerMessages.Piece));
                await Task.Delay(300);
            }
        });
        await EventuallyAsync(() => seed.Session.Peers.Count(p => p.Health.SinceUseful > useless) == 4, "four are of no use");
        await DownloadAsync(seed);
        await served.CancelAsync();
        await useful;
        idlers.ForEach(s => s.Dispose());
    }

    [Fact]
    public async Task Messages_that_never_end_take_bounded_memory_and_keep_nobody_out()
    {
        await using var seed = await SeedAsync(o => o with { MessageTimeout = TimeSpan.FromSeconds(5) });
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var slow = new List<RawPeer>();
        for (var i = 0; i < 40; i++)
        {
            slow.Add(await RawPeer.ConnectAsync(seed, _setup.Torrent, $"-XX0000-slow-peer-{i:D2}"));
            // The largest message there is, but for its end.
            await slow[i].SendAsync([0, 2, 0, 9, PeerMessages.Piece, .. new byte[0x20000]]);
        }
        await DownloadAsync(seed);
        await Wait.UntilReleasedAsync(before, 40 * 512 * 1024);
        foreach (var peer in slow)
        {
            Assert.True(await peer.IsClosedAsync(30));
            peer.Dispose();
        }
    }

    [Fact]
    public async Task A_flood_of_the_same_good_receipts_is_kept_once_takes_bounded_memory_and_keeps_nobody_out()
    {
        await using var seed = await SeedAsync(o => o);
        using var mallory = MemberIdentity.Generate();
        using var raw = await RawPeer.ConnectAsync(seed, _setup.Torrent);
        await raw.SendAsync(new PbtsExtension().CreateHandshake(0, publicKey: mallory.PublicKey));
        var now = (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        // Good, though mallory has got no piece: they may be of before a restart, and only their signer pays for them.
        var hashes = Enumerable.Range(0, Pieces).Select(i => PieceHash.OfPiece(_setup.Data.AsSpan(i * 16384, Math.Min(16384, _setup.Data.Length - (i * 16384))))).ToArray();
        var batch = Bep10Frame.Build(2, ReceiptCodec.EncodeBatch(Enumerable.Range(0, Bep10Limits.MaxReceiptsPerBatch).Select(i => new WireReceipt(
            mallory.SignReceipt(_setup.Torrent.InfoHash, _alice.PublicKey, hashes[i % Pieces], (uint)i % Pieces, ReceiptTime.FromEpoch(ReceiptTime.EpochOf(now)), 16384), now))));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var flood = Task.Run(async () =>
        {
            for (var i = 0; i < 1000; i++)
                await raw.SendAsync(batch);
        });
        await DownloadAsync(seed);
        await Wait.UntilReleasedAsync(before, 32 << 20);
        raw.Dispose();
        await flood;
        await EventuallyAsync(() => seed.Session.Receipts.ToReport.Count >= 2 * Pieces, "those of the download and one of each of mallory's");
        Assert.Equal(2 * Pieces, seed.Session.Receipts.ToReport.Count);
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
