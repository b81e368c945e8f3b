using System.Security.Cryptography;
using System.Text.Json;
using Pbts.Peer;
using Pbts.Protocol.Receipts;

namespace Pbts.Load;

/// <summary>
/// Receipts nobody has seen before: a receipt that was spent is answered without being verified, and one from the future
/// is refused, so neither may ever be measured. Thread safe.
/// </summary>
public sealed class ReceiptSource(LoadMember sender, IReadOnlyList<LoadMember> receivers, InfoHash? torrent = null)
{
    /// <summary>Bytes of each piece.</summary>
    public const long PieceSize = 16384;

    private readonly InfoHash _torrent = torrent ?? InfoHash.From(RandomNumberGenerator.GetBytes(InfoHash.Length));
    private int _made;

    /// <summary>How many receipts were made.</summary>
    public long Made => _made;

    /// <summary>Receipts of as many new pieces, of now, signed by the receivers in turn.</summary>
    public Receipt[] Next(int count)
    {
        var now = ReceiptTime.FromTimestamp((ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        var first = Interlocked.Add(ref _made, count) - count;
        return [.. Enumerable.Range(first, count).Select(piece => receivers[piece % receivers.Count].Identity.SignReceipt(
            _torrent, sender.Identity.PublicKey, PieceHash.From(RandomNumberGenerator.GetBytes(PieceHash.Sha256Length)), (uint)piece, now, PieceSize))];
    }

    /// <summary>The same, as the body of a report, so that writing it is not timed.</summary>
    public byte[] NextReport(int count) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        user_id = sender.UserId, uploaded_delta = 0, downloaded_delta = 0, receipts = Next(count).Select(receipt => receipt.ToJson()),
    });

    /// <summary>Whether the tracker credited every receipt that was made, once.</summary>
    /// <exception cref="LoadException">It did not.</exception>
    public async Task CheckCreditedAsync(TrackerClient tracker)
    {
        var answer = await tracker.GetAsync($"user/{sender.UserId}", CancellationToken.None);
        var uploaded = answer is { IsSuccess: true, Body: { } body } ? body.GetProperty("total_uploaded").GetInt64() : throw new LoadException($"/user: {answer.Error}");
        if (uploaded != Made * PieceSize)
            throw new LoadException($"{uploaded} bytes were credited for {Made} receipts of {PieceSize} bytes");
    }
}
