using System.CommandLine;
using Pbts.Protocol.Receipts;

namespace Pbts.Cli.Commands;

/// <summary>The fields of one receipt on the command line.</summary>
/// <param name="toVerify">Whether the receipt exists already, so that its time is part of it and not the present.</param>
internal sealed class ReceiptOptions(bool toVerify)
{
    private readonly Option<string> _infoHash = new("--infohash") { Description = "The torrent: 40 hexadecimal digits.", HelpName = "HEX", Required = true };
    private readonly Option<string> _sender = new("--sender") { Description = "The uploader's public key.", HelpName = "BASE64", Required = true };
    private readonly Option<string> _pieceHash = new("--piece-hash") { Description = "The piece's SHA-1 or SHA-256: 40 or 64 hexadecimal digits.", HelpName = "HEX", Required = true };
    private readonly Option<uint> _index = new("--piece-index") { Description = "The piece's number.", HelpName = "N", Required = true };
    private readonly Option<ulong?> _timestamp = new("--timestamp")
    {
        Description = toVerify ? "Unix seconds that are signed (HTTP dialect); this or --epoch is needed." : "Unix seconds to sign (HTTP dialect); now when neither time is given.",
        HelpName = "SECONDS",
    };
    private readonly Option<ulong?> _epoch = new("--epoch") { Description = $"Hours since 1970 {(toVerify ? "that are signed" : "to sign")} instead (BEP 10 dialect).", HelpName = "N" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _infoHash, _sender, _pieceHash, _index, _timestamp, _epoch })
            command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_timestamp) is not null && result.GetResult(_epoch) is not null)
                result.AddError("--timestamp and --epoch exclude each other");
            if (toVerify && result.GetResult(_timestamp) is null && result.GetResult(_epoch) is null)
                result.AddError("--timestamp or --epoch is needed: the time is part of what is signed");
        });
        foreach (var time in new[] { _timestamp, _epoch })
            time.Validators.Add(result =>
            {
                if (result.Tokens is [var token] && ulong.TryParse(token.Value, out var value) && value > long.MaxValue)
                    result.AddError($"{time.Name}: must be at most {long.MaxValue}");
            });
    }

    /// <summary>Reads the fields; an error names the option.</summary>
    public bool TryRead(ParseResult parsed, out InfoHash infoHash, out MemberKey sender, out PieceHash pieceHash, out uint index, out ReceiptTime time, out string error)
    {
        (sender, pieceHash, index, error) = (default, default, parsed.GetValue(_index), "");
        time = parsed.GetValue(_epoch) is { } epoch ? ReceiptTime.FromEpoch(epoch)
            : ReceiptTime.FromTimestamp(parsed.GetValue(_timestamp) ?? (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        if (!InfoHash.TryParse(parsed.GetRequiredValue(_infoHash), out infoHash))
            error = "--infohash: must be 40 hexadecimal digits";
        else if (!TryKey(parsed.GetRequiredValue(_sender), out sender))
            error = "--sender: must be base64 of 48 bytes";
        else if (!PieceHash.TryParse(parsed.GetRequiredValue(_pieceHash), out pieceHash))
            error = "--piece-hash: must be 40 or 64 hexadecimal digits";
        return error.Length == 0;
    }

    public static bool TryKey(string text, out MemberKey key)
    {
        Span<byte> bytes = stackalloc byte[MemberKey.Length];
        key = default;
        return Convert.TryFromBase64String(text, bytes, out var length) && MemberKey.TryFrom(bytes[..length], out key);
    }
}
