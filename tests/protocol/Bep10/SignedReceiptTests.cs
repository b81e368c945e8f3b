using System.Security.Cryptography;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;
using BlsScheme = Pbts.Protocol.Bls.Bls;

namespace Pbts.Protocol.Tests.Bep10;

/// <summary>Receipts with real signatures, from the piece to the verdict.</summary>
public class SignedReceiptTests
{
    private static readonly BlsSecretKey Secret = BlsSecretKey.Generate();

    [Fact]
    public void A_receipt_signed_over_its_epoch_verifies_after_the_wire_and_no_changed_one_does()
    {
        var receipt = OverTheWire(Signed());
        Assert.True(Verify(receipt));
        Receipt[] changed =
        [
            receipt with { InfoHash = InfoHash.From(new byte[20]) }, receipt with { Sender = MemberKey.From(new byte[48]) }, receipt with { PieceHash = PieceHash.OfPiece("other"u8) },
            receipt with { PieceIndex = receipt.PieceIndex + 1 }, receipt with { Time = ReceiptTime.FromEpoch(receipt.Time.Epoch + 1) },
        ];
        Assert.All(changed, other => Assert.False(Verify(other)));
    }

    [Theory]
    [InlineData((byte)'X')]
    [InlineData((byte)0)]
    [InlineData((byte)0xff)]
    public void Ninety_six_equal_bytes_are_carried_but_do_not_verify(byte value)
    {
        var forged = OverTheWire(Signed() with { Signature = ReceiptSignature.From(Enumerable.Repeat(value, 96).ToArray()) });
        Assert.Equal(value, forged.Signature.Span[95]);
        Assert.False(Verify(forged));
        Assert.Equal([true, false, true], BlsScheme.BatchVerify([Item(Signed()), Item(forged), Item(Signed())]));
    }

    [Fact]
    public void A_request_is_answered_with_the_receipt_it_names()
    {
        var (sender, receiver) = (new PbtsExtension(), new PbtsExtension());
        Assert.True(receiver.ParseHandshake(sender.CreateHandshake().AsMemory(6)));
        Assert.True(sender.ParseHandshake(receiver.CreateHandshake().AsMemory(6)));
        var kept = Enumerable.Range(0, 12).Select(i => SampleReceipts.Wire((uint)i)).ToDictionary(r => r.Receipt.PieceIndex);

        Assert.True(sender.TryCreateRequest(new ReceiptRequest(kept[10].Receipt.InfoHash, kept[10].Receipt.PieceHash, 10), out var frame));
        Assert.Equal((20, 3), (frame[4], frame[5]));
        Assert.Equal(PbtsParseResult.Parsed, receiver.Parse(frame[5], frame.AsMemory(6), out var message));
        var request = Assert.IsType<PbtsMessage.RequestReceipt>(message).Request;
        Assert.Equal((kept[10].Receipt.InfoHash, kept[10].Receipt.PieceHash, 10u), (request.InfoHash, request.PieceHash, request.PieceIndex));
        Assert.True(receiver.TryCreateReceipt(kept[request.PieceIndex], out frame));
        Assert.Equal((20, 1), (frame[4], frame[5]));
        Assert.Equal(PbtsParseResult.Parsed, sender.Parse(frame[5], frame.AsMemory(6), out message));
        Assert.Equal(kept[10], Assert.IsType<PbtsMessage.SingleReceipt>(message).Receipt);
    }

    [Fact]
    public void Piece_hashes_are_sha_256_and_sensitive_to_every_byte()
    {
        var piece = RandomNumberGenerator.GetBytes(1000);
        var hash = PieceHash.OfPiece(piece);
        Assert.Equal(SHA256.HashData(piece), hash.ToArray());
        Assert.Equal(hash, PieceHash.OfPiece([.. piece]));
        piece[999] ^= 1;
        Assert.NotEqual(hash, PieceHash.OfPiece(piece));
    }

    private static Receipt Signed()
    {
        var receipt = SampleReceipts.Make(42) with { Receiver = MemberKey.Of(Secret) };
        return receipt with { Signature = ReceiptSignature.Of(Secret, receipt.SignedMessage()) };
    }

    private static Receipt OverTheWire(Receipt receipt)
    {
        Assert.Equal(PbtsParseResult.Parsed, new PbtsExtension().Parse(1, ReceiptCodec.EncodeReceipt(new WireReceipt(receipt, 7)), out var message));
        return Assert.IsType<PbtsMessage.SingleReceipt>(message).Receipt.Receipt;
    }

    private static bool Verify(Receipt receipt) => BlsScheme.Verify(Item(receipt).PublicKey, receipt.SignedMessage(), Item(receipt).Signature);

    // Neither needs to decode: whether they do is part of the verdict.
    private static BlsBatchItem Item(Receipt receipt) => new(receipt.Receiver.ToBls(), receipt.SignedMessage(), receipt.Signature.ToBls());
}
