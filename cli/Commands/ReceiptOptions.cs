using System.CommandLine;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Cli.Commands;

/// <summary>The fields of one receipt, or of one voucher, on the command line.</summary>
/// <param name="toVerify">Whether it exists already, so that its time is part of it and not the present.</param>
internal sealed class ReceiptOptions(bool toVerify)
{
    private readonly Option<string> _infoHash = new("--infohash") { Description = "The torrent: 40 hexadecimal digits.", HelpName = "HEX", Required = true };
    private readonly Option<string> _sender = new("--sender") { Description = "The uploader's public key.", HelpName = "BASE64", Required = true };
    private readonly Option<string?> _pieceHash = new("--piece-hash") { Description = "Of a receipt: the piece's SHA-1 or SHA-256, 40 or 64 hexadecimal digits.", HelpName = "HEX" };
    private readonly Option<uint?> _index = new("--piece-index") { Description = "Of a receipt: the piece's number.", HelpName = "N" };
    private readonly Option<ulong?> _timestamp = new("--timestamp")
    {
        Description = toVerify ? "Of a receipt: Unix seconds that are signed (HTTP dialect); this or --epoch is needed." : "Of a receipt: Unix seconds to sign (HTTP dialect); now when neither time is given.",
        HelpName = "SECONDS",
    };
    private readonly Option<ulong?> _epoch = new("--epoch") { Description = $"Of a receipt: hours since 1970 {(toVerify ? "that are signed" : "to sign")} instead (BEP 10 dialect).", HelpName = "N" };
    private readonly Option<string?> _session = new("--session") { Description = "Of a voucher: the session, 32 hexadecimal digits.", HelpName = "HEX" };
    private readonly Option<long?> _bytes = new Option<long?>("--bytes") { Description = "Of a voucher: bytes of the session so far.", HelpName = "N" }.Between(1, Voucher.MaxBytes);
    private readonly Option<string?> _instance = new("--instance") { Description = "Of a voucher: the tracker it is for, the 64 hexadecimal digits of instance_id in its /health.", HelpName = "HEX" };
    private readonly Option<long?> _opened = new Option<long?>("--opened") { Description = $"Of a voucher: Unix seconds when the session began{(toVerify ? "" : "; now by default")}.", HelpName = "SECONDS" }.Between(0, long.MaxValue);
    private readonly Option<long?> _signedAt = new Option<long?>("--signed-at") { Description = $"Of a voucher: Unix seconds when it was signed{(toVerify ? "" : "; now by default")}.", HelpName = "SECONDS" }.Between(0, long.MaxValue);

    private Option[] OfReceipt => [_pieceHash, _index, _timestamp, _epoch];

    private Option[] OfVoucher => [_session, _bytes, _instance, _opened, _signedAt];

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_infoHash, _sender, .. OfReceipt, .. OfVoucher])
            command.Add(option);
        command.Validators.Add(result =>
        {
            var voucher = Array.Find(OfVoucher, option => result.GetResult(option) is not null);
            if (voucher is not null && Array.Find(OfReceipt, option => result.GetResult(option) is not null) is { } other)
                result.AddError($"{other.Name} is of a receipt and {voucher.Name} of a voucher: one of the two");
            Option[] needed = voucher is null ? [_pieceHash, _index] : toVerify ? OfVoucher : [_session, _bytes, _instance];
            foreach (var option in needed.Where(option => result.GetResult(option) is null))
                result.AddError($"Option '{option.Name}' is required.");
            if (result.GetResult(_timestamp) is not null && result.GetResult(_epoch) is not null)
                result.AddError("--timestamp and --epoch exclude each other");
            if (toVerify && voucher is null && result.GetResult(_timestamp) is null && result.GetResult(_epoch) is null)
                result.AddError("--timestamp or --epoch is needed: the time is part of what is signed");
        });
        foreach (var time in new[] { _timestamp, _epoch })
            time.Validators.Add(result =>
            {
                if (result.Tokens is [var token] && ulong.TryParse(token.Value, out var value) && value > long.MaxValue)
                    result.AddError($"{time.Name}: must be at most {long.MaxValue}");
            });
    }

    /// <summary>Whether the fields given are a voucher's.</summary>
    public bool IsVoucher(ParseResult parsed) => parsed.GetValue(_session) is not null;

    /// <summary>Reads the fields of a receipt; an error names the option.</summary>
    public bool TryRead(ParseResult parsed, out InfoHash infoHash, out MemberKey sender, out PieceHash pieceHash, out uint index, out ReceiptTime time, out string error)
    {
        (pieceHash, index) = (default, parsed.GetValue(_index) ?? 0);
        time = parsed.GetValue(_epoch) is { } epoch ? ReceiptTime.FromEpoch(epoch)
            : ReceiptTime.FromTimestamp(parsed.GetValue(_timestamp) ?? (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        if (TryParties(parsed, out infoHash, out sender, out error) && !PieceHash.TryParse(parsed.GetValue(_pieceHash), out pieceHash))
            error = "--piece-hash: must be 40 or 64 hexadecimal digits";
        return error.Length == 0;
    }

    /// <summary>Reads the fields of a voucher; an error names the option.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="receiver">Who signs it.</param>
    /// <param name="voucher">The voucher, when <c>true</c>; not signed.</param>
    /// <param name="error">What is wrong.</param>
    public bool TryReadVoucher(ParseResult parsed, MemberKey receiver, out Voucher voucher, out string error)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var (session, instance, signedAt) = (default(SessionId), default(InstanceId), parsed.GetValue(_signedAt) ?? now);
        if (TryParties(parsed, out var infoHash, out var sender, out error))
        {
            if (!SessionId.TryParse(parsed.GetValue(_session), out session))
                error = "--session: must be 32 hexadecimal digits";
            else if (!InstanceId.TryParse(parsed.GetValue(_instance), out instance))
                error = "--instance: must be 64 hexadecimal digits";
        }

        voucher = new Voucher
        {
            Instance = instance, InfoHash = infoHash, Sender = sender, Receiver = receiver, Session = session,
            Bytes = parsed.GetValue(_bytes) ?? 0, Opened = parsed.GetValue(_opened) ?? Math.Min(now, signedAt), SignedAt = signedAt,
        };
        if (error.Length == 0 && voucher.SignedAt < voucher.Opened)
            error = "--signed-at: is before --opened";
        return error.Length == 0;
    }

    public static bool TryKey(string text, out MemberKey key)
    {
        Span<byte> bytes = stackalloc byte[MemberKey.Length];
        key = default;
        return Convert.TryFromBase64String(text, bytes, out var length) && MemberKey.TryFrom(bytes[..length], out key);
    }

    private bool TryParties(ParseResult parsed, out InfoHash infoHash, out MemberKey sender, out string error)
    {
        (sender, error) = (default, "");
        if (!InfoHash.TryParse(parsed.GetRequiredValue(_infoHash), out infoHash))
            error = "--infohash: must be 40 hexadecimal digits";
        else if (!TryKey(parsed.GetRequiredValue(_sender), out sender))
            error = "--sender: must be base64 of 48 bytes";
        return error.Length == 0;
    }
}
