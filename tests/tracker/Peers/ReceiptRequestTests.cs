using Pbts.Peer;
using Pbts.Peer.Exchange;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;
using static Pbts.Tracker.Tests.Peers.TransferSetup;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>What a downloader answers to an uploader that asks for a receipt.</summary>
public class ReceiptRequestTests
{
    private const int PieceLength = 16384;

    [Fact]
    public async Task A_downloader_sends_again_the_receipt_it_is_asked_for_and_no_other()
    {
        using var setup = await CreateAsync(200_000, PieceLength);
        using var alice = MemberIdentity.Generate();
        using var bob = MemberIdentity.Generate();
        await using var get = await setup.StartAsync("get", bob);
        using var uploader = await RawPeer.UploaderAsync(setup, get, alice.PublicKey);
        await uploader.ServeAllAsync(setup);
        await get.Session.Completed.WaitAsync(TimeSpan.FromSeconds(60));
        await EventuallyAsync(() => get.Session.Receipts.IsAllSigned, "signed");
        var first = new HashSet<uint>();
        while (first.Count < setup.Torrent.PieceCount)
            first.UnionWith((await NextReceiptsAsync(uploader)).Select(r => r.PieceIndex));

        // One for a piece with another hash gets no answer; the two after it are answered in turn.
        var hash = PieceHash.OfPiece(setup.Data.AsSpan(10 * PieceLength, PieceLength));
        await AskAsync(uploader, setup, PieceHash.OfPiece("other"u8), 10);
        await AskAsync(uploader, setup, hash, 10);
        var again = Assert.Single(await NextReceiptsAsync(uploader));
        Assert.Equal((10u, hash, alice.PublicKey, bob.PublicKey), (again.PieceIndex, again.PieceHash, again.Sender, again.Receiver));
        Assert.True(StatementVerifier.Verify([again.Statement()])[0]);
    }

    private static Task AskAsync(RawPeer uploader, TransferSetup setup, PieceHash hash, uint index) =>
        uploader.SendAsync(Bep10Frame.Build(3, ReceiptCodec.EncodeRequest(new ReceiptRequest(setup.Torrent.InfoHash, hash, index))));

    /// <summary>The receipts of the next message that carries some.</summary>
    private static async Task<IReadOnlyList<Receipt>> NextReceiptsAsync(RawPeer uploader)
    {
        while (await uploader.NextAsync(PeerMessages.Extended, seconds: 60) is { } body)
        {
            if (new PbtsExtension().Parse(body[0], body.AsMemory(1), out var message) != PbtsParseResult.Parsed)
                continue;
            if (message is PbtsMessage.SingleReceipt single)
                return [single.Receipt.Receipt];
            if (message is PbtsMessage.ReceiptBatch batch)
                return [.. batch.Receipts.Select(r => r.Receipt)];
        }
        Assert.Fail("no receipt came");
        return [];
    }
}
