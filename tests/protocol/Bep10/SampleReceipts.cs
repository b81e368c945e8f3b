using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Tests.Bep10;

internal static class SampleReceipts
{
    public static WireReceipt Wire(uint index = 0, ulong epoch = 472222) => new(Make(index, epoch), epoch * 3600 + 7);

    public static Receipt Make(uint index = 0, ulong epoch = 472222) => new()
    {
        InfoHash = InfoHash.From(Fill(20, 1)),
        Sender = MemberKey.From(Fill(48, 2)),
        Receiver = MemberKey.From(Fill(48, 3)),
        PieceHash = PieceHash.OfPiece("piece"u8),
        PieceIndex = index,
        Time = ReceiptTime.FromEpoch(epoch),
        Signature = ReceiptSignature.From(Fill(96, 4)),
    };

    private static byte[] Fill(int length, byte value) => Enumerable.Repeat(value, length).ToArray();
}
