using System.CommandLine;
using System.Text.Json.Nodes;
using Pbts.Protocol.Receipts;

namespace Pbts.Cli.Commands;

internal static class VerifyCommand
{
    public static Command Create(CommandContext context)
    {
        var receiver = new Option<string>("--receiver") { Description = "The downloader's public key.", HelpName = "BASE64", Required = true };
        var signature = new Option<string>("--receipt", "--signature") { Description = "The signature, as printed by attest.", HelpName = "BASE64", Required = true };
        var (json, fields) = (SharedOptions.Json(), new ReceiptOptions(toVerify: true));
        var command = new Command("verify", "Check the signature of a receipt or a voucher; exit code 1 when it does not hold. Needs no tracker.") { receiver, signature, json };
        fields.AddTo(command);
        command.SetAction(parsed =>
        {
            var isKey = ReceiptOptions.TryKey(parsed.GetRequiredValue(receiver), out var receiverKey);
            byte[] message;
            if (fields.IsVoucher(parsed))
            {
                if (!fields.TryReadVoucher(parsed, receiverKey, out var voucher, out var fault))
                    return context.Fail(ExitCodes.Usage, fault);
                message = voucher.SignedMessage();
            }
            else
            {
                if (!fields.TryRead(parsed, out var infoHash, out var sender, out var pieceHash, out var index, out var time, out var error))
                    return context.Fail(ExitCodes.Usage, error);
                message = ReceiptMessage.Build(infoHash, sender, pieceHash, index, time);
            }

            if (!isKey)
                return context.Fail(ExitCodes.Usage, "--receiver: must be base64 of 48 bytes");
            var bytes = new byte[ReceiptSignature.Length];
            var valid = Convert.TryFromBase64String(parsed.GetRequiredValue(signature), bytes, out var length)
                && ReceiptSignature.TryFrom(bytes.AsSpan(0, length), out var signed) && StatementVerifier.Verify([new(receiverKey, message, signed)])[0];
            context.Print(new JsonObject { ["valid"] = valid }, parsed.GetValue(json));
            return valid ? ExitCodes.Success : ExitCodes.Refused;
        });
        return command;
    }
}
