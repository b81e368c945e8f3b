using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Bep10;

/// <summary>A sender's reminder that it is owed a receipt.</summary>
/// <param name="InfoHash">The torrent.</param>
/// <param name="PieceHash">SHA-256 of the piece.</param>
/// <param name="PieceIndex">The piece's number.</param>
public sealed record ReceiptRequest(InfoHash InfoHash, PieceHash PieceHash, uint PieceIndex);
