using System.Text.Json;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Tests.Receipts;

public class ReceiptVectorTests
{
    private static readonly JsonElement File = Vectors.Load("pbts_receipts.json");

    [Fact]
    public void Signed_messages_of_all_receipts_match()
    {
        var seen = 0;
        foreach (var vector in File.GetProperty("receipts").EnumerateArray())
        {
            Assert.True(TryRead(vector, out var receipt), vector.Text("id"));
            Assert.Equal(vector.Hex("message"), receipt!.SignedMessage());
            Assert.Equal(vector.GetProperty("message_length").GetInt32(), receipt.SignedMessage().Length);
            Assert.Equal(vector.GetProperty("t_epoch").GetUInt64(), receipt.Time.Epoch);
            seen++;
        }
        Assert.Equal(30, seen);
    }

    [Fact]
    public void Wrong_lengths_and_ranges_are_refused_before_any_signature_is_looked_at()
    {
        var refused = 0;
        foreach (var vector in File.GetProperty("invalid").EnumerateArray())
        {
            var readable = TryRead(vector, out var receipt);
            var inRange = vector.Has("message");
            var lengthsOk = vector.GetProperty("lengths_ok").GetBoolean();
            Assert.Equal(lengthsOk && inRange, readable);
            if (readable)
                Assert.Equal(vector.Hex("message"), receipt!.SignedMessage());
            else
                refused++;
        }
        Assert.True(refused > 30, $"only {refused} cases were refused");
    }

    [Fact]
    public void A_signature_moved_to_the_other_dialect_is_outside_its_window()
    {
        var cases = File.GetProperty("cross_dialect").EnumerateArray().ToArray();
        Assert.True(TryRead(cases[0].GetProperty("as_bep10"), out var epoch));
        Assert.True(TryRead(cases[1].GetProperty("as_http"), out var timestamp));
        Assert.Equal(cases[0].Hex("message"), epoch!.SignedMessage());
        Assert.Equal(cases[1].Hex("message"), timestamp!.SignedMessage());
        Assert.Equal(ReceiptStatus.Future, ReceiptFreshness.Check(epoch.Time, 1_700_000_000));
        Assert.Equal(ReceiptStatus.Expired, ReceiptFreshness.Check(timestamp.Time, 1_700_000_000));
    }

    [Fact]
    public void Freshness_follows_the_window_and_tolerates_two_minutes_of_future()
    {
        foreach (var vector in File.GetProperty("freshness").EnumerateArray())
        {
            var now = vector.GetProperty("now").GetInt64();
            var time = vector.GetProperty("timestamp").GetInt64();
            var window = vector.GetProperty("window").GetInt64();
            var expected = time > now + 120 ? ReceiptStatus.Future
                : vector.GetProperty(time > now ? "python_report_accepts" : "rust_report_accepts").GetBoolean() ? ReceiptStatus.Accepted
                : ReceiptStatus.Expired;
            Assert.Equal(expected, ReceiptFreshness.Check(ReceiptTime.FromTimestamp((ulong)time), now, window));
        }
    }

    [Fact]
    public void Epochs_match()
    {
        foreach (var vector in File.GetProperty("epochs").EnumerateArray())
            Assert.Equal(vector.GetProperty("t_epoch").GetUInt64(),
                ReceiptTime.EpochOf(vector.GetProperty("timestamp").GetUInt64(), vector.GetProperty("window").GetUInt64()));
    }

    /// <summary>What a strict reader accepts: right lengths by form, numbers in range.</summary>
    private static bool TryRead(JsonElement vector, out Receipt? receipt)
    {
        receipt = null;
        var form = vector.Text("form");
        var timeField = form == "bep10" ? "t_epoch" : "timestamp";
        if (!InfoHash.TryFrom(vector.Hex("infohash"), out var infoHash)
            || !MemberKey.TryFrom(vector.Hex("sender_pk"), out var sender)
            || !MemberKey.TryFrom(vector.Hex("receiver_pk"), out var receiver)
            || !PieceHash.TryFrom(vector.Hex("piece_hash"), out var pieceHash)
            || pieceHash.Length != (form == "http_sha1" ? 20 : 32)
            || !ReceiptSignature.TryFrom(vector.Hex("signature"), out var signature)
            || !vector.GetProperty("piece_index").TryGetUInt32(out var index)
            || !vector.GetProperty(timeField).TryGetUInt64(out var time))
            return false;
        receipt = new Receipt
        {
            InfoHash = infoHash, Sender = sender, Receiver = receiver, PieceHash = pieceHash, PieceIndex = index,
            Time = form == "bep10" ? ReceiptTime.FromEpoch(time) : ReceiptTime.FromTimestamp(time), Signature = signature,
        };
        return true;
    }
}
