using System.Security.Cryptography;
using System.Text.Json;
using Pbts.Protocol.Receipts;

namespace Pbts.Load;

/// <summary>
/// Receipts nobody has seen before: a receipt that was spent is answered without being verified, and one from the future
/// is refused, so neither may ever be measured.
/// </summary>
public sealed class ReceiptSource(LoadMember sender, IReadOnlyList<LoadMember> receivers, InfoHash? torrent = null) : ReportSource(sender, "receipts")
{
    private readonly InfoHash _torrent = torrent ?? InfoHash.From(RandomNumberGenerator.GetBytes(InfoHash.Length));

    /// <summary>Receipts of as many new pieces, of now, signed by the receivers in turn.</summary>
    public Receipt[] Next(int count)
    {
        var now = ReceiptTime.FromTimestamp((ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        return [.. Number(count).Select(piece => receivers[piece % receivers.Count].Identity.SignReceipt(
            _torrent, Sender.Identity.PublicKey, PieceHash.From(RandomNumberGenerator.GetBytes(PieceHash.Sha256Length)), (uint)piece, now, PieceSize))];
    }

    /// <inheritdoc/>
    public override byte[] NextReport(int count) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        user_id = Sender.UserId, uploaded_delta = 0, downloaded_delta = 0, receipts = Next(count).Select(receipt => receipt.ToJson()),
    });
}
