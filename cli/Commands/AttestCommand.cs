using System.CommandLine;
using System.Text.Json.Nodes;
using Pbts.Protocol.Receipts;

namespace Pbts.Cli.Commands;

internal static class AttestCommand
{
    public static Command Create(CommandContext context)
    {
        var (key, json, fields) = (SharedOptions.Key(), SharedOptions.Json(), new ReceiptOptions(toVerify: false));
        var command = new Command("attest", "Sign a receipt (you received this piece from this sender) or a voucher (you received so many bytes). Needs no tracker.") { key, json };
        fields.AddTo(command);
        command.SetAction(parsed =>
        {
            if (fields.IsVoucher(parsed))
                return SignVoucher(context, fields, parsed, parsed.GetRequiredValue(key), parsed.GetValue(json));
            if (!fields.TryRead(parsed, out var infoHash, out var sender, out var pieceHash, out var index, out var time, out var error))
                return context.Fail(ExitCodes.Usage, error);
            using var identity = context.ReadKey(parsed.GetRequiredValue(key), out var exitCode);
            if (identity is null)
                return exitCode;
            var receipt = identity.SignReceipt(infoHash, sender, pieceHash, index, time, Protocol.Receipts.Receipt.DefaultPieceSize);
            context.Print(new JsonObject
            {
                ["receipt"] = Convert.ToBase64String(receipt.Signature.Span),
                [time.Kind == Protocol.Receipts.ReceiptTimeKind.Epoch ? "t_epoch" : "timestamp"] = time.Value,
                ["receiver_public_key"] = Convert.ToBase64String(receipt.Receiver.Span),
                ["receipt_id"] = receipt.Id.ToString(),
            }, parsed.GetValue(json));
            return ExitCodes.Success;
        });
        return command;
    }

    private static int SignVoucher(CommandContext context, ReceiptOptions fields, ParseResult parsed, string key, bool json)
    {
        if (!fields.TryReadVoucher(parsed, default, out var voucher, out var error))
            return context.Fail(ExitCodes.Usage, error);
        using var identity = context.ReadKey(key, out var exitCode);
        if (identity is null)
            return exitCode;
        voucher = voucher with { Receiver = identity.PublicKey };
        voucher = voucher with { Signature = identity.Sign(voucher.SignedMessage()) };
        context.Print(new JsonObject { ["vouchers"] = new JsonArray(voucher.ToJson()), ["voucher_id"] = voucher.Id.ToString() }, json);
        return ExitCodes.Success;
    }
}
