namespace Pbts.Protocol.Bep10;

/// <summary>What <see cref="Bep10Statistics"/> counts, in the order of its names.</summary>
internal enum Bep10Operation
{
    HandshakeCreated = 0,
    HandshakeParsed = 1,
    ReceiptCreated = 2,
    ReceiptParsed = 3,
    BatchCreated = 4,
    BatchParsed = 5,
}
