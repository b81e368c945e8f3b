using Pbts.Peer;
using Pbts.Peer.Exchange;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;
using static Pbts.Tracker.Tests.Peers.TransferSetup;

namespace Pbts.Tracker.Tests.Peers;

public class TransferTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_download_is_right_and_leaves_the_uploader_one_good_receipt_for_each_piece()
    {
        using var setup = await CreateAsync(1_000_000, 65536);
        using var alice = MemberIdentity.Generate();
        using var bob = MemberIdentity.Generate();
        await using var seed = await setup.StartAsync("seed", alice);
        await using var get = await setup.StartAsync("get", bob);
        get.AddPeers([Address(seed)]);
        await get.Session.Completed.WaitAsync(Patience);
        Assert.True(await get.DeliverReceiptsAsync(Patience, default));

        Assert.Equal(setup.Data, setup.Downloaded("get"));
        var receipts = seed.Session.Receipts.ToReport.Peek();
        Assert.Equal(setup.Torrent.PieceCount, receipts.Count);
        Assert.All(StatementVerifier.Verify([.. receipts.Select(receipt => receipt.Statement())]), Assert.True);
        Assert.Equal(setup.Data.Length, receipts.Sum(r => r.PieceSize));
        Assert.All(receipts, r => Assert.Equal((alice.PublicKey, bob.PublicKey), (r.Sender, r.Receiver)));
        foreach (var receipt in receipts)
        {
            var start = (int)receipt.PieceIndex * setup.Torrent.PieceLength;
            var piece = setup.Data.AsSpan(start, setup.Torrent.PieceSize((int)receipt.PieceIndex));
            Assert.Equal(PieceHash.OfPiece(piece), receipt.PieceHash);
        }
        Assert.Equal(0, get.Session.Receipts.ToDeliver.Count);
    }

    [Fact]
    public async Task A_peer_that_leaves_acknowledges_the_receipts_it_has_been_given()
    {
        using var setup = await CreateAsync(1_000_000, 65536);
        using var alice = MemberIdentity.Generate();
        using var bob = MemberIdentity.Generate();
        await using var seed = await setup.StartAsync("seed", alice);
        await using var get = await setup.StartAsync("get", bob);
        get.AddPeers([Address(seed)]);
        await get.Session.Completed.WaitAsync(Patience);
        await EventuallyAsync(() => get.Session.Receipts.IsAllSigned, "signed");
        await seed.StopAsync();
        await EventuallyAsync(() => get.Session.PeerCount == 0, "hung up");
        Assert.Equal((setup.Torrent.PieceCount, 0), (seed.Session.Receipts.ToReport.Count, get.Session.Receipts.ToDeliver.Count));
    }

    [Fact]
    public async Task Peers_without_keys_exchange_pieces_all_the_same()
    {
        using var setup = await CreateAsync(300_000, 16384);
        using var alice = MemberIdentity.Generate();
        await using var seed = await setup.StartAsync("seed", alice);
        await using var plain = await setup.StartAsync("plain", identity: null);
        plain.AddPeers([Address(seed)]);
        await plain.Session.Completed.WaitAsync(Patience);
        Assert.Equal(setup.Data, setup.Downloaded("plain"));
        Assert.Equal(0, seed.Session.Receipts.ToReport.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Five_hundred_requests_at_once_are_all_served(bool member)
    {
        // As libtorrent makes them on a fast line. Each that was ignored it would wait for, for a minute.
        const int Blocks = 500;
        using var setup = await CreateAsync(Blocks * 16384, 65536);
        using var alice = MemberIdentity.Generate();
        await using var seed = await setup.StartAsync("seed", member ? alice : null, change: o => o with { UploadLimit = 4_000_000 });
        using var raw = await RawPeer.ConnectAsync(seed, setup.Torrent);
        await raw.SendAsync(Bep10Frame.Build(Bep10Frame.HandshakeId, new ExtensionHandshake().Encode()));
        Assert.True(ExtensionHandshake.TryParse((await raw.NextAsync(PeerMessages.Extended))!.AsMemory(1), out var said));
        Assert.InRange(said.RequestQueue ?? 0, Blocks, 10_000);
        await raw.SendAsync(PeerMessages.Simple(PeerMessages.Interested));
        Assert.NotNull(await raw.NextAsync(PeerMessages.Unchoke, seconds: 15));
        await raw.SendAsync([.. Enumerable.Range(0, Blocks).SelectMany(block => PeerMessages.Numbers(PeerMessages.Request, block / 4, block % 4 * 16384, 16384))]);
        for (var block = 0; block < Blocks; block++)
            Assert.NotNull(await raw.NextAsync(PeerMessages.Piece));
    }

    [Fact]
    public async Task Every_receipt_names_the_peer_that_sent_the_piece()
    {
        using var setup = await CreateAsync(2_000_000, 32768);
        using var first = MemberIdentity.Generate();
        using var second = MemberIdentity.Generate();
        using var bob = MemberIdentity.Generate();
        // Each has half of the pieces, so each is needed however fast the other is.
        var half = setup.Torrent.PieceCount / 2 * setup.Torrent.PieceLength;
        Directory.CreateDirectory(Path.Combine(setup.Folder, "seed2"));
        await File.WriteAllBytesAsync(Path.Combine(setup.Folder, "seed", "data.bin"), setup.Data[..half]);
        await File.WriteAllBytesAsync(Path.Combine(setup.Folder, "seed2", "data.bin"), [.. new byte[half], .. setup.Data[half..]]);
        await using var seed = await setup.StartAsync("seed", first);
        await using var other = await setup.StartAsync("seed2", second);
        await using var get = await setup.StartAsync("get", bob);
        get.AddPeers([Address(seed), Address(other)]);
        await get.Session.Completed.WaitAsync(Patience);
        Assert.True(await get.DeliverReceiptsAsync(Patience, default));

        var (one, two) = (seed.Session.Receipts.ToReport.Peek(), other.Session.Receipts.ToReport.Peek());
        var (all, middle) = (setup.Torrent.PieceCount, setup.Torrent.PieceCount / 2);
        Assert.Equal(Enumerable.Range(0, middle), one.Where(r => r.Receiver == bob.PublicKey).Select(r => (int)r.PieceIndex).Order());
        Assert.Equal(Enumerable.Range(middle, all - middle), two.Where(r => r.Receiver == bob.PublicKey).Select(r => (int)r.PieceIndex).Order());
        Assert.All(one, r => Assert.Equal(first.PublicKey, r.Sender));
        Assert.All(two, r => Assert.Equal(second.PublicKey, r.Sender));
        Assert.True(seed.Session.Uploaded >= one.Sum(r => r.PieceSize));
        Assert.True(other.Session.Uploaded >= two.Sum(r => r.PieceSize));
    }

    [Fact]
    public async Task A_download_goes_on_where_it_stopped()
    {
        using var setup = await CreateAsync(1_000_000, 16384);
        using var alice = MemberIdentity.Generate();
        using var bob = MemberIdentity.Generate();
        await using var seed = await setup.StartAsync("seed", alice);
        Directory.CreateDirectory(Path.Combine(setup.Folder, "get"));
        // Half of the file, and one byte of it wrong.
        var half = setup.Data[..500_000];
        half[20_000] ^= 1;
        await File.WriteAllBytesAsync(Path.Combine(setup.Folder, "get", "data.bin"), half);
        await using var get = await setup.StartAsync("get", bob);
        var missing = get.Session.Left;
        Assert.Equal(1_000_000 - 29L * 16384, missing);
        get.AddPeers([Address(seed)]);
        await get.Session.Completed.WaitAsync(Patience);
        Assert.Equal(missing, get.Session.Downloaded);
        Assert.Equal(setup.Data, setup.Downloaded("get"));
    }

    [Fact]
    public async Task Leechers_complete_each_other()
    {
        using var setup = await CreateAsync(1_500_000, 16384);
        using var alice = MemberIdentity.Generate();
        var members = Enumerable.Range(0, 3).Select(_ => MemberIdentity.Generate()).ToArray();
        await using var seed = await setup.StartAsync("seed", alice, change: o => o with { MaxUnchoked = 1 });
        var peers = new List<TorrentPeer>();
        for (var i = 0; i < members.Length; i++)
            peers.Add(await setup.StartAsync($"get{i}", members[i]));
        foreach (var peer in peers)
            peer.AddPeers([.. peers.Where(p => p != peer).Select(Address), Address(seed)]);
        await Task.WhenAll(peers.Select(p => p.Session.Completed)).WaitAsync(TimeSpan.FromSeconds(60));
        for (var i = 0; i < peers.Count; i++)
            Assert.Equal(setup.Data, setup.Downloaded($"get{i}"));
        foreach (var peer in peers)
            await peer.DisposeAsync();
        Array.ForEach(members, m => m.Dispose());
    }

    [Fact]
    public async Task Receipts_survive_the_end_of_the_uploader()
    {
        using var setup = await CreateAsync(500_000, 65536);
        using var alice = MemberIdentity.Generate();
        using var bob = MemberIdentity.Generate();
        var seed = await setup.StartAsync("seed", alice);
        await using (var get = await setup.StartAsync("get", bob))
        {
            get.AddPeers([Address(seed)]);
            await get.Session.Completed.WaitAsync(Patience);
            Assert.True(await get.DeliverReceiptsAsync(Patience, default));
        }
        var earned = seed.Session.Receipts.ToReport.Peek();
        await seed.DisposeAsync();
        await using var again = await setup.StartAsync("seed", alice);
        Assert.Equal(earned, again.Session.Receipts.ToReport.Peek());
        Assert.True(again.Session.Receipts.ToReport.ShouldReport());
    }

    [Fact]
    public async Task Receipts_that_could_not_be_delivered_are_delivered_when_the_uploader_is_back()
    {
        using var setup = await CreateAsync(300_000, 65536);
        using var alice = MemberIdentity.Generate();
        using var bob = MemberIdentity.Generate();
        var get = await setup.StartAsync("get", bob);
        // An uploader that gives everything, acknowledges nothing and is gone.
        using (var dying = await RawPeer.UploaderAsync(setup, get, alice.PublicKey))
        {
            await dying.ServeAllAsync(setup);
            await EventuallyAsync(() => get.Session.Completed.IsCompleted && get.Session.Receipts.IsAllSigned, "signed");
        }
        await EventuallyAsync(() => get.Session.PeerCount == 0, "gone");
        Assert.Equal(setup.Torrent.PieceCount, get.Session.Receipts.SignedCount);
        Assert.False(await get.DeliverReceiptsAsync(TimeSpan.FromSeconds(1), default));
        await get.DisposeAsync();

        await using var seedAgain = await setup.StartAsync("seed", alice);
        await using var getAgain = await setup.StartAsync("get", bob);
        Assert.Equal(setup.Torrent.PieceCount, getAgain.Session.Receipts.ToDeliver.Count);
        getAgain.AddPeers([Address(seedAgain)]);
        await EventuallyAsync(() => seedAgain.Session.Receipts.ToReport.Count == setup.Torrent.PieceCount, "delivered");
        Assert.True(await getAgain.DeliverReceiptsAsync(Patience, default));
    }

    [Fact]
    public async Task What_an_uploader_sent_before_it_went_is_kept()
    {
        const int Pieces = 60;
        using var setup = await CreateAsync(Pieces * 1024, 1024);
        await using var get = await setup.StartAsync("get", identity: null);
        using var raw = await RawPeer.UploaderAsync(setup, get, key: null);
        for (var piece = 0; piece < Pieces; piece++)
            Assert.NotNull(await raw.NextAsync(PeerMessages.Request));
        var everything = Enumerable.Range(0, Pieces).SelectMany(piece => RawPeer.Block(setup, new BlockRequest(piece, 0, 1024))).ToArray();
        var uploader = Assert.Single(get.Session.Peers);
        // Held up at the first message, the downloader finds that it cannot write any more while most is still unread.
        Assert.True(get.Session.Locked(() =>
        {
            raw.SendAndReset(everything);
            uploader.Send(PeerMessages.KeepAlive);
            return SpinWait.SpinUntil(() => uploader.CloseReason is not null, Patience);
        }));
        await get.Session.Completed.WaitAsync(Patience);
        Assert.Equal(setup.Data, setup.Downloaded("get"));
    }
}
