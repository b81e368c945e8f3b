using System.CommandLine;
using System.Text.Json.Nodes;
using Pbts.Peer;
using Pbts.Protocol.Bencode;
using Pbts.Protocol.Receipts;

namespace Pbts.Cli.Commands;

internal static class ScrapeCommand
{
    public static Command Create(CommandContext context)
    {
        var infoHashes = new Argument<string[]>("INFOHASH") { Description = "One or more torrents, 40 hexadecimal digits each.", Arity = ArgumentArity.OneOrMore };
        var (tracker, json) = (SharedOptions.Tracker().Url(), SharedOptions.Json());
        var command = new Command("scrape", "Show how many seed, leech and have completed torrents.") { infoHashes, tracker, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var hashes = new List<InfoHash>();
            foreach (var text in parsed.GetRequiredValue(infoHashes))
            {
                if (!InfoHash.TryParse(text, out var hash))
                    return context.Fail(ExitCodes.Usage, $"INFOHASH: '{text}' is not 40 hexadecimal digits");
                hashes.Add(hash);
            }
            using var client = new TrackerClient(parsed.GetRequiredValue(tracker));
            var (body, error, isUnreachable) = await client.ScrapeAsync(hashes, cancellationToken).ConfigureAwait(false);
            if (body is null)
                return context.Fail(isUnreachable ? ExitCodes.Unreachable : ExitCodes.Refused, error!);
            if (BencodeDocument.TryParse(body, BencodeLimits.Reply, out var document) != BencodeError.None)
                return context.Fail(ExitCodes.Refused, "the tracker's answer is not bencoded");
            if (document!.Root.TryGetBytes("failure reason"u8, out var failure))
                return context.Fail(ExitCodes.Refused, System.Text.Encoding.UTF8.GetString(failure));
            var files = new JsonObject();
            if (document.Root.TryGet("files"u8, out var entries))
                foreach (var (key, value) in entries.Entries())
                    files[Convert.ToHexStringLower(key.Span)] = new JsonObject
                    {
                        ["complete"] = Count(value, "complete"u8), ["incomplete"] = Count(value, "incomplete"u8), ["downloaded"] = Count(value, "downloaded"u8),
                    };
            context.Print(new JsonObject { ["files"] = files }, parsed.GetValue(json));
            return ExitCodes.Success;
        });
        return command;
    }

    private static long Count(BencodeElement file, ReadOnlySpan<byte> name) => file.TryGetNumber(name, out var count) ? count : 0;
}
