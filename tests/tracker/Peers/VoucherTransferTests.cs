using System.Net;
using Pbts.Peer;
using Pbts.Peer.Exchange;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;
using static Pbts.Tracker.Tests.Peers.TransferSetup;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>Peers of one tracker pay each other with vouchers: what was verified is signed for, to the byte and to whoever sent it.</summary>
public class VoucherTransferTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly InstanceId s_tracker = InstanceId.From([.. Enumerable.Range(1, 32).Select(i => (byte)i)]);

    [Theory]
    [InlineData(1_000_001, 16384)]
    [InlineData(3_000_000, 262_144)]
    [InlineData(9_000_000, 4 << 20)]
    [InlineData(500_000, 1 << 20)]
    public async Task One_voucher_stands_for_the_whole_transfer(int length, int pieceLength)
    {
        using var setup = await CreateAsync(length, pieceLength);
        using var alice = MemberIdentity.Generate();
        using var bob = MemberIdentity.Generate();
        await using var seed = await StartAsync(setup, "seed", alice);
        await using var get = await StartAsync(setup, "get", bob);
        get.AddPeers([Address(seed)]);
        await get.Session.Completed.WaitAsync(Patience);
        Assert.True(await get.DeliverReceiptsAsync(Patience, default));

        Assert.Equal(setup.Data, setup.Downloaded("get"));
        var voucher = Assert.Single(Earned(seed));
        Assert.Equal((s_tracker, setup.Torrent.InfoHash, alice.PublicKey, bob.PublicKey, (long)length), (voucher.Instance, voucher.InfoHash, voucher.Sender, voucher.Receiver, voucher.Bytes));
        Assert.True(IsGood(voucher));
        Assert.Equal((0, 0), (seed.Session.Receipts.ToReport.Count, get.Session.Receipts.SignedCount));
        Assert.Equal(((long)length, (long)length), (Desk(get).SignedBytes, Desk(seed).EarnedBytes));
        Assert.InRange(Desk(get).Count.Signed, 1, 3 + (length / (1 << 20)));
    }

    [Fact]
    public async Task Of_ten_peers_each_signs_for_the_file_and_no_byte_more()
    {
        const int Length = 4_000_007;
        using var setup = await CreateAsync(Length, 65536);
        var members = Enumerable.Range(0, 10).Select(_ => MemberIdentity.Generate()).ToArray();
        var peers = new List<TorrentPeer>();
        for (var i = 0; i < members.Length; i++)
            peers.Add(await StartAsync(setup, i == 0 ? "seed" : $"get{i}", members[i]));
        foreach (var peer in peers.Skip(1))
            peer.AddPeers([.. peers.Where(p => p != peer).Select(Address)]);
        await Task.WhenAll(peers.Skip(1).Select(p => p.Session.Completed)).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.All(await Task.WhenAll(peers.Skip(1).Select(p => p.DeliverReceiptsAsync(Patience, default))), Assert.True);

        var earned = peers.SelectMany(Earned).ToArray();
        Assert.All(earned, voucher => Assert.True(IsGood(voucher)));
        for (var i = 1; i < members.Length; i++)
        {
            Assert.Equal(setup.Data, setup.Downloaded($"get{i}"));
            Assert.Equal(Length, Desk(peers[i]).SignedBytes);
            Assert.Equal(Length, earned.Where(v => v.Receiver == members[i].PublicKey).Sum(v => v.Bytes));
        }

        Assert.Equal(9L * Length, peers.Sum(p => Desk(p).EarnedBytes));
        foreach (var peer in peers)
            await peer.DisposeAsync();
        Array.ForEach(members, m => m.Dispose());
    }

    [Theory]
    [InlineData("goes")]
    [InlineData("chokes")]
    public async Task A_piece_that_two_seeds_sent_is_paid_to_each_by_the_block(string end)
    {
        // One piece of sixteen blocks: the first sender gives some of them and no more, the other gives the rest at once.
        const int Length = 16 * 16384;
        using var setup = await CreateAsync(Length, Length);
        using var first = MemberIdentity.Generate();
        using var second = MemberIdentity.Generate();
        using var bob = MemberIdentity.Generate();
        await using var get = await StartAsync(setup, "get", bob);
        using (var raw = await RawPeer.UploaderAsync(setup, get, first.PublicKey, s_tracker))
        {
            for (var block = 0; block < 5; block++)
            {
                Assert.True(BlockRequest.TryRead(await raw.NextAsync(PeerMessages.Request), setup.Torrent, out var request));
                await raw.SendAsync(RawPeer.Block(setup, request));
            }

            await EventuallyAsync(() => get.Session.Peers.Any(p => p.State.Downloads.Any(d => d.ReceivedBytes == 5 * 16384)), "five blocks");
            if (end == "chokes")
            {
                await raw.SendAsync(PeerMessages.Simple(PeerMessages.Choke));
                await RestAsync();
            }
        }

        if (end == "goes")
        {
            await EventuallyAsync(() => get.Session.PeerCount == 0, "gone");
            await RestAsync();
        }

        async Task RestAsync()
        {
            await using var seed = await StartAsync(setup, "seed", second);
            get.AddPeers([Address(seed)]);
            await get.Session.Completed.WaitAsync(TimeSpan.FromSeconds(10));
            await EventuallyAsync(() => Earned(seed).Count > 0 && Desk(get).SignedBytes == Length && Desk(get).Undelivered.Count == 1, "signed");
            Assert.Equal(setup.Data, setup.Downloaded("get"));
            Assert.Equal(11 * 16384, Assert.Single(Earned(seed)).Bytes);
            // What the first is owed waits for it.
            Assert.Equal([first.PublicKey], Desk(get).Undelivered);
            Assert.Equal(0, get.Session.Wasted);
        }
    }

    [Fact]
    public async Task Two_seeds_are_credited_the_file_between_them()
    {
        const int Length = 6_000_001;
        using var setup = await CreateAsync(Length, 1 << 20);
        using var first = MemberIdentity.Generate();
        using var second = MemberIdentity.Generate();
        using var bob = MemberIdentity.Generate();
        Directory.CreateDirectory(Path.Combine(setup.Folder, "seed2"));
        File.Copy(Path.Combine(setup.Folder, "seed", "data.bin"), Path.Combine(setup.Folder, "seed2", "data.bin"));
        await using var seed = await StartAsync(setup, "seed", first, o => o with { UploadLimit = 2_000_000 });
        await using var other = await StartAsync(setup, "seed2", second, o => o with { UploadLimit = 2_000_000 });
        await using var get = await StartAsync(setup, "get", bob);
        get.AddPeers([Address(seed), Address(other)]);
        await get.Session.Completed.WaitAsync(Patience);
        Assert.True(await get.DeliverReceiptsAsync(Patience, default));
        Assert.Equal(setup.Data, setup.Downloaded("get"));
        var (one, two) = (Assert.Single(Earned(seed)).Bytes, Assert.Single(Earned(other)).Bytes);
        Assert.True(one > 0 && two > 0);
        Assert.Equal(Length, one + two);
        Assert.Equal(Length, Desk(get).SignedBytes);
    }

    [Theory]
    [InlineData("seed")]
    [InlineData("get")]
    public async Task A_session_goes_on_after_a_restart(string restarted)
    {
        const int Length = 6_000_001;
        using var setup = await CreateAsync(Length, 65536);
        using var alice = MemberIdentity.Generate();
        using var bob = MemberIdentity.Generate();
        var seed = await StartAsync(setup, "seed", alice, o => o with { UploadLimit = 1_500_000 });
        var get = await StartAsync(setup, "get", bob);
        try
        {
            get.AddPeers([Address(seed)]);
            await EventuallyAsync(() => get.Session.Downloaded > 2_000_000, "some of it");
            if (restarted == "seed")
            {
                await seed.DisposeAsync();
                seed = await StartAsync(setup, "seed", alice);
            }
            else
            {
                await get.DisposeAsync();
                get = await StartAsync(setup, "get", bob);
            }

            get.AddPeers([Address(seed)]);
            await get.Session.Completed.WaitAsync(Patience);
            Assert.True(await get.DeliverReceiptsAsync(Patience, default));
            Assert.Equal(setup.Data, setup.Downloaded("get"));
            Assert.Equal(Length, Assert.Single(Earned(seed)).Bytes);
        }
        finally
        {
            await seed.DisposeAsync();
            await get.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_peer_that_leaves_asks_for_the_last_voucher_and_gets_it()
    {
        const int Length = 300_000;
        using var setup = await CreateAsync(Length, 65536);
        using var alice = MemberIdentity.Generate();
        using var bob = MemberIdentity.Generate();
        await using var seed = await StartAsync(setup, "seed", alice);
        await using var get = await StartAsync(setup, "get", bob);
        get.AddPeers([Address(seed)]);
        await get.Session.Completed.WaitAsync(Patience);
        // Less than a step and sooner than five seconds: nobody would sign yet.
        await seed.StopAsync();
        Assert.Equal(Length, Assert.Single(Earned(seed)).Bytes);
        await EventuallyAsync(() => Desk(get).IsDelivered, "acknowledged");
    }

    [Fact]
    public async Task Members_of_different_trackers_pay_each_other_with_receipts()
    {
        using var setup = await CreateAsync(300_000, 65536);
        using var alice = MemberIdentity.Generate();
        using var bob = MemberIdentity.Generate();
        await using var seed = await StartAsync(setup, "seed", alice);
        await using var get = await setup.StartAsync("get", bob, change: o => o with { Instance = InstanceId.From(new byte[32]) });
        get.AddPeers([Address(seed)]);
        await get.Session.Completed.WaitAsync(Patience);
        Assert.True(await get.DeliverReceiptsAsync(Patience, default));
        Assert.Empty(Earned(seed));
        Assert.Equal(setup.Torrent.PieceCount, seed.Session.Receipts.ToReport.Count);
    }

    [Fact]
    public async Task Who_never_signs_gets_two_mebibytes()
    {
        using var setup = await CreateAsync(8 << 20, 65536);
        using var alice = MemberIdentity.Generate();
        using var mallory = MemberIdentity.Generate();
        await using var seed = await StartAsync(setup, "seed", alice);
        using var raw = await UnchokedAsync(seed, setup, mallory);
        for (var block = 0; block < 160; block++)
            await raw.SendAsync(PeerMessages.Numbers(PeerMessages.Request, block / 4, block % 4 * 16384, 16384));
        var got = 0;
        while (await raw.NextAsync(seconds: 3) is { } message)
            got += message.Id == PeerMessages.Piece ? message.Payload.Length - 8 : 0;
        Assert.InRange(got, 1 << 20, 2 << 20);
        Assert.Equal(got, seed.Session.Uploaded);
        Assert.Empty(Earned(seed));
    }

    [Fact]
    public async Task What_is_forgiven_may_still_be_signed_for_while_the_peer_has_pieces_to_complete()
    {
        using var setup = await CreateAsync(200_000, 65536);
        using var alice = MemberIdentity.Generate();
        using var bob = MemberIdentity.Generate();
        await using var seed = await StartAsync(setup, "seed", alice);
        using var raw = await UnchokedAsync(seed, setup, bob);
        await raw.SendAsync(PeerMessages.Numbers(PeerMessages.Request, 0, 0, 16384));
        Assert.NotNull(await raw.NextAsync(PeerMessages.Piece, seconds: 15));
        var peer = Assert.Single(seed.Session.Peers);
        // A round forgives a block. Others may be about to send the rest of its piece.
        seed.Session.Serving.Rechoke();
        Assert.Equal(0, peer.State.Credit.Unsigned);
        Assert.True(Desk(seed).IsOwed);
        await raw.SendAsync(PeerMessages.WithPayload(PeerMessages.BitfieldId, [0xF0]));
        await EventuallyAsync(() => !Desk(seed).IsOwed, "it has all, and has had the time to sign");
    }

    /// <summary>A peer that offers vouchers, signs none by itself, and may ask for blocks.</summary>
    private static async Task<RawPeer> UnchokedAsync(TorrentPeer seed, TransferSetup setup, MemberIdentity identity)
    {
        var raw = await RawPeer.ConnectAsync(seed, setup.Torrent);
        await raw.SendAsync(new Pbts.Protocol.Bep10.PbtsExtension().CreateHandshake(publicKey: identity.PublicKey, instance: s_tracker));
        await raw.SendAsync(PeerMessages.Simple(PeerMessages.Interested));
        Assert.NotNull(await raw.NextAsync(PeerMessages.Unchoke, seconds: 15));
        return raw;
    }

    private static Task<TorrentPeer> StartAsync(TransferSetup setup, string name, MemberIdentity identity, Func<PeerOptions, PeerOptions>? change = null) =>
        setup.StartAsync(name, identity, change: o => (change ?? (same => same))(o with { Instance = s_tracker }));

    private static VoucherDesk<PeerConnection> Desk(TorrentPeer peer) => peer.Session.Receipts.Vouchers!;

    private static IReadOnlyList<Voucher> Earned(TorrentPeer peer) => Desk(peer).Earned.Peek();

    private static bool IsGood(Voucher voucher) => StatementVerifier.Verify([voucher.Statement()])[0];
}
