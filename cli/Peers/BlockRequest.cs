namespace Pbts.Cli.Peers;

/// <summary>A part of a piece.</summary>
/// <param name="Piece">The piece.</param>
/// <param name="Begin">First byte in the piece.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct BlockRequest(int Piece, int Begin, int Length);
