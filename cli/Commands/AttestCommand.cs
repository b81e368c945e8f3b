using System.CommandLine;
using System.Text.Json.Nodes;

namespace Pbts.Cli.Commands;

internal static class AttestCommand
{
    public static Command Create(CommandContext context)
    {
        var (key, json, fields) = (SharedOptions.Key(), SharedOptions.Json(), new ReceiptOptions(toVerify: false));
        var command = new Command("attest", "Sign a receipt: you received this piece from this sender. Needs no tracker.") { key, json };
        fields.AddTo(command);
        command.SetAction(parsed =>
        {
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
}
