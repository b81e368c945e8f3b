using System.Net;
using System.Net.Sockets;
using Pbts.Peer;
using Pbts.Peer.Exchange;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;
using static Pbts.Tracker.Tests.Peers.TransferSetup;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>Whatever a stranger sends, an honest peer beside it completes its download.</summary>
public sealed class HostilePeerTests : IAsyncLifetime
{
    private readonly MemberIdentity _alice = MemberIdentity.Generate();
    private readonly MemberIdentity _bob = MemberIdentity.Generate();
    private TransferSetup _setup = null!;
    private TorrentPeer _seed = null!;

    public async Task InitializeAsync()
    {
        _setup = await CreateAsync(200_000, 16384);
        _seed = await _setup.StartAsync("seed", _alice, change: o => o with
        {
            MaxHalfOpen = 4, HandshakeTimeout = TimeSpan.FromSeconds(2), MessageTimeout = TimeSpan.FromSeconds(2),
            CreditWindow = 4 * 16384, ReceiptPatience = TimeSpan.FromSeconds(2),
        });
    }

    public async Task DisposeAsync()
    {
        await AssertHonestPeersAreServedAsync();
        await _seed.DisposeAsync();
        _setup.Dispose();
        _alice.Dispose();
        _bob.Dispose();
    }

    [Theory]
    [InlineData("ffffffff00")] // 4 GiB announced
    [InlineData("7fffffff14")]
    [InlineData("0002000a07")] // one byte above the largest block
    [InlineData("0000000204")] // have without its number
    [InlineData("0000000504ffffffff")] // have of a piece that is not
    [InlineData("0000000305ffff")] // bitfield whose spare bits are set
    [InlineData("0000000205ff")] // bitfield too short
    [InlineData("0000000d06000000ff0000000000004000")] // request of a piece that is not
    [InlineData("0000000d06000000000000000000000000")] // request of nothing
    [InlineData("0000000d06000000000000000000020001")] // request of more than 128 KiB
    [InlineData("0000000d0600000000ffffffff00004000")] // request that wraps around
    [InlineData("0000000d06000000000000000100004000")] // request beyond the piece
    [InlineData("00000004060000")] // request cut short
    [InlineData("000000020700")] // piece cut short
    public async Task Messages_that_break_the_rules_end_the_connection(string frame)
    {
        using var raw = await RawPeer.ConnectAsync(_seed, _setup.Torrent);
        await raw.SendAsync(Convert.FromHexString(frame));
        Assert.True(await raw.IsClosedAsync());
    }

    [Fact]
    public async Task A_later_bitfield_stands_for_several_haves_as_aria2_sends_it()
    {
        using var raw = await RawPeer.ConnectAsync(_seed, _setup.Torrent);
        await raw.SendAsync(PeerMessages.WithPayload(PeerMessages.BitfieldId, new byte[2]));
        await raw.SendAsync(PeerMessages.Simple(PeerMessages.Interested));
        Assert.NotNull(await raw.NextAsync(PeerMessages.Unchoke));
        await raw.SendAsync(PeerMessages.WithPayload(PeerMessages.BitfieldId, [0xC0, 0]));
        await raw.SendAsync(PeerMessages.Numbers(PeerMessages.Request, 5, 0, 16384));
        Assert.NotNull(await raw.NextAsync(PeerMessages.Piece));
        Assert.Equal(2, Assert.Single(_seed.Session.Peers).State.Has.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(99)]
    [InlineData(255)]
    public async Task Extended_messages_nobody_offered_are_ignored(byte subId)
    {
        using var raw = await RawPeer.ConnectAsync(_seed, _setup.Torrent);
        await raw.SendAsync(Bep10Frame.Build(subId, "not bencode at all"u8));
        await raw.SendAsync(PeerMessages.WithPayload(PeerMessages.Extended, []));
        await raw.SendAsync(PeerMessages.WithPayload(200, new byte[100]));
        await raw.SendAsync(PeerMessages.Simple(PeerMessages.Interested));
        Assert.NotNull(await raw.NextAsync(PeerMessages.Unchoke));
    }

    [Fact]
    public async Task Silent_strangers_are_hung_up_on_and_keep_nobody_out_for_long()
    {
        var silent = new List<RawPeer>();
        for (var i = 0; i < 20; i++)
            silent.Add(await RawPeer.ConnectSilentlyAsync(_seed));
        foreach (var raw in silent)
        {
            Assert.True(await raw.IsClosedAsync());
            raw.Dispose();
        }
    }

    [Fact]
    public async Task A_handshake_for_another_torrent_gets_no_answer()
    {
        using var raw = await RawPeer.ConnectSilentlyAsync(_seed);
        await raw.SendAsync(PeerHandshake.Build(InfoHash.From(new byte[20]), new byte[20]));
        Assert.True(await raw.IsClosedAsync());
    }

    [Fact]
    public async Task A_message_that_trickles_in_ends_the_connection()
    {
        using var raw = await RawPeer.ConnectAsync(_seed, _setup.Torrent);
        await raw.SendAsync([0, 0, 1, 0, PeerMessages.Extended, 1]);
        for (var i = 0; i < 8 && _seed.Session.PeerCount > 0; i++)
        {
            await raw.SendAsync([0]);
            await Task.Delay(500);
        }
        Assert.True(await raw.IsClosedAsync());
    }

    [Fact]
    public async Task A_flood_of_requests_without_reading_is_bounded_and_ends()
    {
        using var raw = await RawPeer.ConnectAsync(_seed, _setup.Torrent);
        await raw.SendAsync(PeerMessages.Simple(PeerMessages.Interested));
        Assert.NotNull(await raw.NextAsync(PeerMessages.Unchoke));
        var flood = new byte[17 * 5000];
        // All different, or they would count as one.
        for (var i = 0; i < 5000; i++)
            PeerMessages.Numbers(PeerMessages.Request, i % 12, i / 12, 15000).CopyTo(flood, i * 17);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var round = 0; round < 20; round++)
            await raw.SendAsync(flood);
        await Task.Delay(500);
        await Wait.UntilReleasedAsync(before, 32 << 20);
        await EventuallyAsync(() => _seed.Session.PeerCount == 0, "hung up on the peer that does not read");
    }

    [Fact]
    public async Task A_peer_that_takes_and_does_not_sign_is_choked_at_the_end_of_its_credit()
    {
        using var mallory = MemberIdentity.Generate();
        using var raw = await RawPeer.ConnectAsync(_seed, _setup.Torrent);
        await raw.SendAsync(new PbtsExtension().CreateHandshake(0, publicKey: mallory.PublicKey));
        await raw.SendAsync(PeerMessages.Simple(PeerMessages.Interested));
        Assert.NotNull(await raw.NextAsync(PeerMessages.Unchoke));
        for (var piece = 0; piece < 12; piece++)
            await raw.SendAsync(PeerMessages.Numbers(PeerMessages.Request, piece, 0, 16384));
        var (pieces, reminders, choked) = (0, 0, false);
        // Whichever of them comes last: a reminder is sent beside the pieces.
        while (!(choked && reminders == 4) && await raw.NextAsync() is { } message)
        {
            pieces += message.Id == PeerMessages.Piece ? 1 : 0;
            reminders += message.Id == PeerMessages.Extended && message.Payload[0] == 3 ? 1 : 0;
            choked |= message.Id == PeerMessages.Choke;
        }
        Assert.True(choked);
        Assert.Equal(4, pieces);
        Assert.Equal(4, reminders);

        // A new connection with the same key is no new credit.
        using var again = await RawPeer.ConnectAsync(_seed, _setup.Torrent, "-XX0000-another-one!");
        await again.SendAsync(new PbtsExtension().CreateHandshake(0, publicKey: mallory.PublicKey));
        await again.SendAsync(PeerMessages.Simple(PeerMessages.Interested));
        Assert.Null(await again.NextAsync(PeerMessages.Unchoke, seconds: 2));

        // Signing for what it took restores it.
        var receipts = Enumerable.Range(0, 4).Select(i => Sign(mallory, i)).ToArray();
        await raw.SendAsync(Bep10Frame.Build(2, ReceiptCodec.EncodeBatch(receipts)));
        Assert.NotNull(await raw.NextAsync(PeerMessages.Unchoke));
        Assert.Equal(4, _seed.Session.Receipts.ToReport.Count);
    }

    [Fact]
    public async Task Forged_receipts_are_not_kept_and_end_the_connection()
    {
        using var mallory = MemberIdentity.Generate();
        using var raw = await RawPeer.ConnectAsync(_seed, _setup.Torrent);
        await raw.SendAsync(new PbtsExtension().CreateHandshake(0, publicKey: mallory.PublicKey));
        await raw.SendAsync(PeerMessages.Simple(PeerMessages.Interested));
        Assert.NotNull(await raw.NextAsync(PeerMessages.Unchoke));
        for (var piece = 0; piece < 4; piece++)
        {
            await raw.SendAsync(PeerMessages.Numbers(PeerMessages.Request, piece, 0, 16384));
            Assert.NotNull(await raw.NextAsync(PeerMessages.Piece));
        }
        // Signed by somebody else, for another uploader, with another key than announced, far from now, of another piece.
        var good = Sign(mallory, 0).Receipt;
        Receipt[] unfit =
        [
            good with { Receiver = _bob.PublicKey }, good with { Sender = _bob.PublicKey }, good with { Sender = mallory.PublicKey, Receiver = _alice.PublicKey },
            good with { Time = ReceiptTime.FromEpoch(good.Time.Epoch + 2) }, good with { Time = ReceiptTime.FromEpoch(1) },
            good with { PieceIndex = 4_000_000_000 }, good with { PieceHash = PieceHash.OfPiece([]) }, good with { InfoHash = default },
        ];
        await raw.SendAsync(Bep10Frame.Build(2, ReceiptCodec.EncodeBatch(unfit.Select(r => new WireReceipt(r, 1)))));
        for (var piece = 0; piece < 3; piece++)
            await raw.SendAsync(Bep10Frame.Build(1, ReceiptCodec.EncodeReceipt(Sign(mallory, piece) with { Receipt = Sign(mallory, piece).Receipt with { Signature = Sign(mallory, 3).Receipt.Signature } })));
        Assert.True(await raw.IsClosedAsync());
        Assert.Equal(0, _seed.Session.Receipts.ToReport.Count);
    }

    [Fact]
    public async Task Acknowledging_what_was_not_sent_ends_the_connection()
    {
        using var raw = await RawPeer.ConnectAsync(_seed, _setup.Torrent);
        await raw.SendAsync(new PbtsExtension().CreateHandshake(0, publicKey: _bob.PublicKey));
        foreach (var count in new long[] { 1, long.MaxValue, 7 })
            await raw.SendAsync(Bep10Frame.Build(4, ReceiptCodec.EncodeAck(count)));
        Assert.True(await raw.IsClosedAsync());
    }

    [Fact]
    public async Task A_seed_of_wrong_data_is_found_out_and_the_download_is_right()
    {
        Directory.CreateDirectory(Path.Combine(_setup.Folder, "liar"));
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var lying = Task.Run(async () =>
        {
            using var caller = await listener.AcceptAsync();
            using var stream = new NetworkStream(caller);
            await stream.ReadExactlyAsync(new byte[68]);
            await stream.WriteAsync(PeerHandshake.Build(_setup.Torrent.InfoHash, "-XX0000-liarliarliar"u8));
            await stream.WriteAsync(PeerMessages.WithPayload(PeerMessages.BitfieldId, [0xFF, 0xF8]));
            await stream.WriteAsync(PeerMessages.Simple(PeerMessages.Unchoke));
            for (var piece = 0; piece < 13; piece++)
                await stream.WriteAsync(PeerMessages.PieceFrame(new BlockRequest(piece, 0, _setup.Torrent.PieceSize(piece))));
            // Ends when the victim has seen through it.
            while (await stream.ReadAsync(new byte[4096]) > 0)
            {
            }
        });
        await using var get = await _setup.StartAsync("victim", _bob);
        get.AddPeers([(IPEndPoint)listener.LocalEndPoint!]);
        await Task.Delay(500);
        get.AddPeers([Address(_seed)]);
        await get.Session.Completed.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(_setup.Data, _setup.Downloaded("victim"));
        await Task.WhenAny(lying, Task.Delay(5000));
        Assert.True(lying.IsCompleted);
    }

    private WireReceipt Sign(MemberIdentity receiver, int piece)
    {
        var start = piece * _setup.Torrent.PieceLength;
        var hash = PieceHash.OfPiece(_setup.Data.AsSpan(start, _setup.Torrent.PieceSize(piece)));
        var now = (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return new WireReceipt(
            receiver.SignReceipt(_setup.Torrent.InfoHash, _alice.PublicKey, hash, (uint)piece, ReceiptTime.FromEpoch(ReceiptTime.EpochOf(now)), 16384), now);
    }

    private async Task AssertHonestPeersAreServedAsync()
    {
        await using var honest = await _setup.StartAsync("honest", _bob);
        honest.AddPeers([Address(_seed)]);
        await honest.Session.Completed.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(_setup.Data, _setup.Downloaded("honest"));
    }
}
