using System.CommandLine;
using System.Text.Json.Nodes;
using Pbts.Peer;
using Pbts.Protocol.Storage;
using Pbts.Protocol.Torrents;

namespace Pbts.Cli.Commands;

internal static class TorrentCommand
{
    public static Command Create(CommandContext context) =>
        new("torrent", "Make and look into torrent files.") { CreateCreate(context), CreatePublish(context), CreateShow(context) };

    /// <summary>Reads a torrent file; prints what is wrong.</summary>
    public static TorrentMetadata? Read(CommandContext context, string path)
    {
        try
        {
            if (TorrentMetadata.TryParse(BoundedFile.Read(path, BoundedFile.MaxDocument), out var torrent, out var error))
                return torrent;
            context.Fail(ExitCodes.File, $"{path}: {error}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            context.Fail(ExitCodes.File, e.Message);
        }
        return null;
    }

    private static Command CreateCreate(CommandContext context)
    {
        var path = new Argument<string>("FILE") { Description = "File or folder to share." };
        var tracker = new Option<string?>("--tracker", "-t")
        {
            Description = "The tracker's address or announce URL, with your passkey if you want it in the file. Environment: PBTS_TRACKER.",
            HelpName = "ANNOUNCE_URL",
            DefaultValueFactory = _ => Environment.GetEnvironmentVariable("PBTS_TRACKER") is { Length: > 0 } url ? url : null,
        }.AnnounceUrl();
        var pieceLength = new Option<int>("--piece-length") { Description = "Bytes a piece.", HelpName = "N", DefaultValueFactory = _ => 262144 }
            .Between(1024, TorrentMetadata.MaxPieceLength);
        var output = new Option<string?>("--out", "-o") { Description = "Torrent file to write; FILE.torrent by default.", HelpName = "F.torrent" };
        var isPublic = new Option<bool>("--public") { Description = "Leave the private flag out (BEP 27)." };
        var publish = new Option<bool>("--publish") { Description = "Register it with the tracker too, as publish does; --tracker is http or https then." };
        var json = SharedOptions.Json();
        var command = new Command("create", "Hash a file or folder and write its torrent.") { path, tracker, pieceLength, output, isPublic, publish, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(tracker) is not { } given)
                return context.Fail(ExitCodes.Usage, "--tracker is needed: the announce URL, as register prints it; or set PBTS_TRACKER");
            if (parsed.GetValue(publish) && new Uri(given).Scheme == "udp")
                return context.Fail(ExitCodes.Usage, "--publish needs the tracker's http or https address as --tracker");
            var source = Path.TrimEndingDirectorySeparator(parsed.GetRequiredValue(path));
            var target = parsed.GetValue(output) ?? source + ".torrent";
            var bytes = await TorrentBuilder.CreateAsync(source, AnnounceUrl(given), parsed.GetValue(pieceLength), DateTimeOffset.UtcNow,
                !parsed.GetValue(isPublic), cancellationToken).ConfigureAwait(false);
            await File.WriteAllBytesAsync(target, bytes, cancellationToken).ConfigureAwait(false);
            if (!TorrentMetadata.TryParse(bytes, out var torrent, out var error))
                return context.Fail(ExitCodes.File, $"{source}: {error}");
            var description = Describe(torrent, target);
            if (!parsed.GetValue(publish))
            {
                context.Print(description, parsed.GetValue(json));
                return ExitCodes.Success;
            }

            var (result, exitCode) = await PublishAsync(context, given, bytes, cancellationToken).ConfigureAwait(false);
            description["published"] = result is { IsSuccess: true };
            context.Print(description, parsed.GetValue(json));
            return result is null || result.IsSuccess ? exitCode : context.Finish(result with { Body = null }, parsed.GetValue(json));
        });
        return command;
    }

    private static Command CreatePublish(CommandContext context)
    {
        var path = new Argument<string>("F.torrent") { Description = "The torrent file." };
        var (tracker, json) = (SharedOptions.Tracker().Url(), SharedOptions.Json());
        var command = new Command(
            "publish", "Register a torrent with the tracker, as the member whose passkey is in --tracker or PBTS_PASSKEY, or as the administration (PBTS_ADMIN_TOKEN, or on the tracker's machine).")
        {
            path, tracker, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var file = BoundedFile.Read(parsed.GetRequiredValue(path), TorrentListing.MaxFile);
            var (result, exitCode) = await PublishAsync(context, parsed.GetRequiredValue(tracker), file, cancellationToken).ConfigureAwait(false);
            return result is null ? exitCode : context.Finish(result, parsed.GetValue(json));
        });
        return command;
    }

    /// <summary>The tracker's answer; null, with the exit code, when it could not be asked.</summary>
    private static async Task<(ApiResult? Result, int ExitCode)> PublishAsync(CommandContext context, string tracker, byte[] file, CancellationToken cancellationToken)
    {
        using var client = context.MemberOrAdministrator(tracker, out var exitCode);
        return (client is null ? null : await client.PublishAsync(file, cancellationToken).ConfigureAwait(false), exitCode);
    }

    /// <summary>Of a tracker's address its announce URL: torrent clients ask exactly what is in the file.</summary>
    private static string AnnounceUrl(string url) => new Uri(url) is { AbsolutePath: "/" } address ? new Uri(address, "/announce").ToString() : url;

    private static Command CreateShow(CommandContext context)
    {
        var path = new Argument<string>("F.torrent") { Description = "The torrent file." };
        var json = SharedOptions.Json();
        var command = new Command("show", "Show what a torrent file says.") { path, json };
        command.SetAction(parsed =>
        {
            var file = parsed.GetRequiredValue(path);
            if (Read(context, file) is not { } torrent)
                return ExitCodes.File;
            context.Print(Describe(torrent, file), parsed.GetValue(json));
            return ExitCodes.Success;
        });
        return command;
    }

    private static JsonObject Describe(TorrentMetadata torrent, string file) => new()
    {
        ["file"] = file,
        ["info_hash"] = torrent.InfoHash.ToString(),
        ["name"] = torrent.Name,
        ["length"] = torrent.TotalLength,
        ["piece_length"] = torrent.PieceLength,
        ["pieces"] = torrent.PieceCount,
        ["private"] = torrent.IsPrivate,
        ["trackers"] = new JsonArray([.. torrent.Trackers.Select(t => JsonValue.Create(t))]),
        ["files"] = new JsonArray([.. torrent.Files.Select(f => new JsonObject { ["path"] = f.Path, ["length"] = f.Length })]),
    };
}
