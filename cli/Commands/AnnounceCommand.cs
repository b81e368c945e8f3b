using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Pbts.Peer;
using Pbts.Protocol.Receipts;

namespace Pbts.Cli.Commands;

internal static class AnnounceCommand
{
    public static Command Create(CommandContext context)
    {
        var infoHash = new Argument<string>("INFOHASH") { Description = "40 hexadecimal digits." };
        var port = new Option<int>("--port") { Description = "Port to announce.", HelpName = "N", DefaultValueFactory = _ => 6881 }.Between(1, 65535);
        var left = new Option<long>("--left") { Description = "Bytes still missing.", HelpName = "N" }.Between(0, long.MaxValue);
        var uploaded = new Option<long>("--uploaded") { Description = "Bytes uploaded.", HelpName = "N" }.Between(0, long.MaxValue);
        var downloaded = new Option<long>("--downloaded") { Description = "Bytes downloaded.", HelpName = "N" }.Between(0, long.MaxValue);
        var numWant = new Option<int>("--numwant") { Description = "Peers wanted.", HelpName = "N", DefaultValueFactory = _ => 50 };
        var announceEvent = new Option<string>("--event") { Description = "What happened; nothing by default.", HelpName = "started|completed|stopped|paused", DefaultValueFactory = _ => "" };
        announceEvent.AcceptOnlyFromAmong("", "started", "completed", "stopped", "paused");
        var (tracker, json) = (SharedOptions.Tracker().Url(), SharedOptions.Json());
        var command = new Command("announce", "Announce to the tracker and show the peers it names.")
        {
            infoHash, port, left, uploaded, downloaded, numWant, announceEvent, tracker, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (!InfoHash.TryParse(parsed.GetRequiredValue(infoHash), out var hash))
                return context.Fail(ExitCodes.Usage, "INFOHASH: must be 40 hexadecimal digits");
            using var client = new TrackerClient(parsed.GetRequiredValue(tracker));
            var reply = await client.AnnounceAsync(new AnnounceRequest
            {
                InfoHash = hash,
                PeerId = [.. "-PB0100-"u8, .. RandomNumberGenerator.GetBytes(12)],
                Port = parsed.GetValue(port), Left = parsed.GetValue(left), Uploaded = parsed.GetValue(uploaded),
                Downloaded = parsed.GetValue(downloaded), Event = parsed.GetValue(announceEvent) ?? "", NumWant = parsed.GetValue(numWant),
            }, cancellationToken).ConfigureAwait(false);
            if (reply.Failure is { } failure)
                return context.Fail(reply.IsUnreachable ? ExitCodes.Unreachable : ExitCodes.Refused, failure);
            context.Print(new JsonObject
            {
                ["warning"] = reply.Warning, ["interval"] = reply.Interval, ["complete"] = reply.Seeders,
                ["incomplete"] = reply.Leechers, ["peers"] = new JsonArray([.. reply.Peers.Select(p => JsonValue.Create(p.ToString()))]),
            }, parsed.GetValue(json));
            return ExitCodes.Success;
        });
        return command;
    }
}
