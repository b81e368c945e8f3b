using System.Security.Cryptography;
using System.Text.Json;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Load;

/// <summary>
/// Vouchers each of which raises its session by as much: one with no more bytes than are credited is answered as a duplicate.
/// </summary>
/// <param name="sender">Who is credited.</param>
/// <param name="receivers">Who signs; each session has one of them, in turn.</param>
/// <param name="instance">The tracker they are for.</param>
/// <param name="sessions">In which they are, in turn: at least as many as a report has vouchers.</param>
public sealed class VoucherSource(LoadMember sender, IReadOnlyList<LoadMember> receivers, InstanceId instance, int sessions) : ReportSource(sender, "vouchers")
{
    private readonly InfoHash _torrent = InfoHash.From(RandomNumberGenerator.GetBytes(InfoHash.Length));
    private readonly SessionId[] _sessions = [.. Enumerable.Range(0, sessions).Select(_ => SessionId.From(RandomNumberGenerator.GetBytes(SessionId.Length)))];
    private readonly long _opened = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>As many vouchers, of now.</summary>
    public Voucher[] Next(int count) => [.. Number(count).Select(number =>
    {
        var receiver = receivers[number % sessions % receivers.Count].Identity;
        var voucher = new Voucher
        {
            Instance = instance, InfoHash = _torrent, Sender = Sender.Identity.PublicKey, Receiver = receiver.PublicKey, Session = _sessions[number % sessions],
            Bytes = PieceSize * ((number / sessions) + 1), Opened = _opened, SignedAt = DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
        };
        return voucher with { Signature = receiver.Sign(voucher.SignedMessage()) };
    })];

    /// <inheritdoc/>
    public override byte[] NextReport(int count) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        user_id = Sender.UserId, uploaded_delta = 0, downloaded_delta = 0, receipts = Array.Empty<object>(), vouchers = Next(count).Select(voucher => voucher.ToJson()),
    });
}
