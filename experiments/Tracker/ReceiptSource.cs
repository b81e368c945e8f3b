using System.Security.Cryptography;
using Pbts.Protocol.Receipts;

namespace Pbts.Experiments.Tracker;

/// <summary>
/// Receipts nobody has seen before: a receipt that was spent is answered without being verified, and one from the future
/// is refused, so neither may ever be measured.
/// </summary>
internal sealed class ReceiptSource(Reporter sender, IReadOnlyList<Reporter> receivers, InfoHash? torrent = null)
{
    /// <summary>Bytes of each piece.</summary>
    public const long PieceSize = 16384;

    private readonly InfoHash _torrent = torrent ?? InfoHash.From(RandomNumberGenerator.GetBytes(InfoHash.Length));
    private uint _piece;

    /// <summary>How many receipts were made.</summary>
    public long Made => _piece;

    /// <summary>Receipts of as many new pieces, of now, signed by the receivers in turn.</summary>
    public Receipt[] Next(int count)
    {
        var now = ReceiptTime.FromTimestamp((ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        return [.. Enumerable.Range(0, count).Select(_ => receivers[(int)(_piece % receivers.Count)].Identity.SignReceipt(
            _torrent, sender.Identity.PublicKey, PieceHash.From(RandomNumberGenerator.GetBytes(PieceHash.Sha256Length)), _piece++, now, PieceSize))];
    }

    /// <summary>The same, as the body of a report.</summary>
    public byte[] NextReport(int count) => TrackerApi.Report(sender.UserId, Next(count));

    /// <summary>Whether the tracker credited every receipt that was made, once.</summary>
    /// <exception cref="ExperimentException">It did not.</exception>
    public async Task CheckCreditedAsync(TrackerApi api)
    {
        var uploaded = (await api.GetAsync($"user/{sender.UserId}")).GetProperty("total_uploaded").GetInt64();
        if (uploaded != Made * PieceSize)
            throw new ExperimentException($"{uploaded} bytes were credited for {Made} receipts of {PieceSize} bytes");
    }
}
