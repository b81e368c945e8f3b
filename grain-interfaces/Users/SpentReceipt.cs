namespace Pbts.GrainInterfaces.Users;

/// <summary>A place in a user's history.</summary>
[GenerateSerializer, Immutable, Alias("pbts.ReceiptCursor")]
public sealed record ReceiptCursor([property: Id(0)] long Epoch, [property: Id(1)] string Id);

/// <summary>One receipt of a user's history.</summary>
/// <param name="Id">Canonical id, 64 hex characters.</param>
/// <param name="Epoch">The hour it was signed for.</param>
/// <param name="Uploaded">True when the user was the sender.</param>
/// <param name="Counterpart">User id of the other side; null when it was not registered.</param>
/// <param name="InfoHash">The torrent, 40 hex characters.</param>
/// <param name="PieceIndex">The piece.</param>
/// <param name="Bytes">What it was worth.</param>
/// <param name="CreditedAt">When it was reported.</param>
[GenerateSerializer, Immutable, Alias("pbts.SpentReceipt")]
public sealed record SpentReceipt(
    [property: Id(0)] string Id,
    [property: Id(1)] long Epoch,
    [property: Id(2)] bool Uploaded,
    [property: Id(3)] string? Counterpart,
    [property: Id(4)] string InfoHash,
    [property: Id(5)] long PieceIndex,
    [property: Id(6)] long Bytes,
    [property: Id(7)] DateTimeOffset CreditedAt);
