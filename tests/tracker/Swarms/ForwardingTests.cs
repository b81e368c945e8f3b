using CsCheck;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Protocol.Receipts;

namespace Pbts.Tracker.Tests.Swarms;

/// <summary>What front ends and silos send each other arrives as it was.</summary>
public sealed class ForwardingTests
{
    private static readonly Gen<byte[]> Address = Gen.OneOf(Gen.Byte.Array[4], Gen.Byte.Array[16]);

    private static readonly Gen<AnnounceRequest> Request =
        from address in Address
        from port in Gen.UShort
        from peer in Gen.Byte.Array[PeerId.Length]
        from identity in Gen.ULong
        from announced in Gen.Enum<AnnounceEvent>()
        from left in Gen.Long[0, long.MaxValue].Nullable()
        from moved in Gen.Select(Gen.Long[0, long.MaxValue], Gen.Long[0, long.MaxValue])
        from wanted in Gen.Int[0, 1000]
        from withIds in Gen.Bool
        from user in Gen.String[1, 64].Null()
        select new AnnounceRequest
        {
            Endpoint = new PeerEndpoint(address, port), PeerId = PeerId.Read(peer), Identity = identity, Event = announced, Left = left,
            Uploaded = moved.Item1, Downloaded = moved.Item2, NumWant = wanted, WithPeerIds = withIds, UserId = user,
        };

    [Fact]
    public void Announces_survive_packing() =>
        Gen.Select(Gen.Byte.Array[InfoHash.Length], Request).Select((infoHash, request) => new ForwardedAnnounce(InfoHash.From(infoHash), request)).Array[0, 20].Sample(announces =>
        {
            var read = AnnounceBatch.Of(announces).Read();
            Assert.Equal(announces.Select(Text), read.Select(Text));
        });

    [Fact]
    public void Answers_survive_packing() =>
        (from counts in Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[0, int.MaxValue])
         from peers in Gen.Byte.Array[0, 300]
         from peers6 in Gen.Byte.Array[0, 900]
         from ids in Gen.Byte.Array[0, 1000]
         select new AnnounceReply { Complete = counts.Item1, Incomplete = counts.Item2, Peers = peers, Peers6 = peers6, PeerIds = ids }).Null().Array[0, 20].Sample(replies =>
        {
            var read = ReplyBatch.Of(replies).Read();
            Assert.Equal(replies.Select(Text), read.Select(Text));
        });

    [Fact]
    public void What_has_no_version_is_read_and_answered_in_kind_and_an_unknown_version_is_refused()
    {
        AnnounceReply?[] replies = [new AnnounceReply { Complete = 1, Incomplete = 2, Peers = [1, 2, 3, 4, 5, 6] }, null];
        var batch = AnnounceBatch.Of([new(InfoHash.From(new byte[InfoHash.Length]), new AnnounceRequest { Endpoint = new(new byte[4], 1), UserId = "alice", DownloadFactor = 50, UploadFactor = 250 })]);
        Assert.False(batch.IsFirstVersion);
        Assert.Equal([(50, 250)], batch.Read().Select(Factors));

        // The second version was the same without factors, the first without the version too.
        var first = new AnnounceBatch(batch.Bytes[4..^4]);
        Assert.True(first.IsFirstVersion);
        Assert.Equal(batch.Read().Select(Text), first.Read().Select(Text));
        var second = new AnnounceBatch([0xFE, 0xFF, 0xFF, 0xFF, .. batch.Bytes[4..^4]]);
        Assert.False(second.IsFirstVersion);
        Assert.Equal(batch.Read().Select(Text), second.Read().Select(Text));
        Assert.Equal([(100, 100)], second.Read().Select(Factors));
        Assert.Equal(ReplyBatch.Of(replies).Bytes[4..], ReplyBatch.Of(replies, firstVersion: true).Bytes);
        Assert.Equal(replies.Select(Text), ReplyBatch.Of(replies, firstVersion: true).Read().Select(Text));

        byte[] later = [0xFC, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0];
        Assert.Throws<NotSupportedException>(() => new AnnounceBatch(later).Read());
        Assert.Throws<NotSupportedException>(() => new ReplyBatch(later).Read());

        // No number makes room for more records than there are bytes.
        Assert.Throws<InvalidDataException>(() => new AnnounceBatch([0xFD, 0xFF, 0xFF, 0xFF, 9, 0, 0, 0]).Read());
    }

    private static (int, int) Factors(ForwardedAnnounce announce) => (announce.Request.DownloadFactor, announce.Request.UploadFactor);

    private static string Text(ForwardedAnnounce announce)
    {
        var request = announce.Request;
        return $"{announce.InfoHash} {request.Endpoint} {request.PeerId} {request.Identity} {request.Event} {request.Left} {request.Uploaded} {request.Downloaded} {request.NumWant} {request.WithPeerIds} {request.UserId}";
    }

    private static string Text(AnnounceReply? reply) => reply is null ? "null"
        : $"{reply.Complete} {reply.Incomplete} {Convert.ToHexString(reply.Peers)} {Convert.ToHexString(reply.Peers6)} {Convert.ToHexString(reply.PeerIds)}";
}
