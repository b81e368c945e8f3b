using System.Security.Cryptography;
using CsCheck;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Tests.Receipts;

public class ReceiptIdTests
{
    private static readonly Receipt Sample = new()
    {
        InfoHash = InfoHash.From(Enumerable.Repeat((byte)1, 20).ToArray()),
        Sender = MemberKey.From(Enumerable.Repeat((byte)2, 48).ToArray()),
        Receiver = MemberKey.From(Enumerable.Repeat((byte)3, 48).ToArray()),
        PieceHash = PieceHash.From(Enumerable.Repeat((byte)4, 20).ToArray()),
        PieceIndex = 5,
        Time = ReceiptTime.FromTimestamp(1_700_000_000),
        Signature = default,
    };

    [Fact]
    public void Id_is_the_hash_of_the_documented_record()
    {
        byte[] record =
        [
            .. "pbts-receipt-v1\0"u8, .. Enumerable.Repeat((byte)1, 20), .. Enumerable.Repeat((byte)2, 48), .. Enumerable.Repeat((byte)3, 48),
            20, .. new byte[12], .. Enumerable.Repeat((byte)4, 20), 0, 0, 0, 5, .. Convert.FromHexString("000000000007349e"),
        ];
        Assert.Equal(ReceiptIds.RecordLength, record.Length);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(record)), Sample.Id.ToString());
    }

    [Fact]
    public void Both_dialects_of_one_hour_are_one_receipt()
    {
        Assert.Equal(Sample.Id, (Sample with { Time = ReceiptTime.FromEpoch(472222) }).Id);
        Assert.Equal(Sample.Id, (Sample with { Time = ReceiptTime.FromTimestamp(1_699_999_200) }).Id);
        Assert.NotEqual(Sample.Id, (Sample with { Time = ReceiptTime.FromTimestamp(1_699_999_199) }).Id);
    }

    [Fact]
    public void Every_field_but_signature_and_size_changes_the_id()
    {
        Receipt[] others =
        [
            Sample with { InfoHash = default }, Sample with { Sender = default }, Sample with { Receiver = default },
            Sample with { PieceHash = PieceHash.From(new byte[20]) }, Sample with { PieceIndex = 6 }, Sample with { Time = ReceiptTime.FromEpoch(0) },
            Sample with { PieceHash = PieceHash.From([.. new byte[12], .. Enumerable.Repeat((byte)4, 20)]) },
        ];
        Assert.Equal(others.Length + 1, others.Append(Sample).Select(r => r.Id).Distinct().Count());
        Assert.Equal(Sample.Id, (Sample with { PieceSize = 1, Signature = ReceiptSignature.From(Enumerable.Repeat((byte)9, 96).ToArray()) }).Id);
    }

    [Fact]
    public void Freshness_of_an_epoch_counts_its_whole_hour()
    {
        const long start = 472222 * 3600L;
        var time = ReceiptTime.FromEpoch(472222);
        Assert.Equal(ReceiptStatus.Future, ReceiptFreshness.Check(time, start - 121, 7200));
        Assert.Equal(ReceiptStatus.Accepted, ReceiptFreshness.Check(time, start - 120, 7200));
        Assert.Equal(ReceiptStatus.Accepted, ReceiptFreshness.Check(time, start + 3599 + 7200, 7200));
        Assert.Equal(ReceiptStatus.Expired, ReceiptFreshness.Check(time, start + 3600 + 7200, 7200));
    }

    [Fact]
    public void Freshness_never_overflows()
    {
        Gen.Select(Gen.ULong, Gen.Bool, Gen.Long[0, long.MaxValue], Gen.Long[0, long.MaxValue]).Sample((value, epoch, now, window) =>
        {
            var time = epoch ? ReceiptTime.FromEpoch(value) : ReceiptTime.FromTimestamp(value);
            var earliest = epoch ? (UInt128)value * 3600 : value;
            var status = ReceiptFreshness.Check(time, now, window);
            // Saturation lies far beyond any clock, so the answer is the exact one.
            return (status == ReceiptStatus.Future) == (earliest > (UInt128)now + 120);
        });
        Assert.Equal(ReceiptStatus.Future, ReceiptFreshness.Check(ReceiptTime.FromEpoch(ulong.MaxValue), long.MaxValue));
    }

    [Fact]
    public void Status_names_round_trip()
    {
        foreach (var status in Enum.GetValues<ReceiptStatus>())
        {
            Assert.True(ReceiptStatusNames.TryParse(status.ToWire(), out var back));
            Assert.Equal(status, back);
        }
        Assert.False(ReceiptStatusNames.TryParse("Accepted", out _));
        Assert.Equal("not_your_receipt", ReceiptStatus.NotYourReceipt.ToWire());
    }
}
