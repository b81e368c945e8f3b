using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using MySqlConnector;
using Pbts.Cli.Commands;
using Pbts.Cli.Evidence;
using Pbts.Peer;

namespace Pbts.Cli.Sites;

/// <summary><c>pbts import</c>: a site moves here with what it has.</summary>
internal static class ImportCommand
{
    public static Command Create(CommandContext context) => new("import", "Bring a site's members, torrents and history to a tracker.")
    {
        CreateSource(context, "unit3d", $"From the database of UNIT3D. The password of its user comes by {MySqlAddress.PasswordVariable}.", MySqlAddress.Form, MySqlAddress.Problem,
            async (url, cancel) => new Unit3dSource(await MySqlSource.OpenAsync(url, cancel).ConfigureAwait(false))),
        CreateSource(context, "gazelle", $"From the database of Gazelle. The password of its user comes by {MySqlAddress.PasswordVariable}.", MySqlAddress.Form, MySqlAddress.Problem,
            async (url, cancel) => new GazelleSource(await MySqlSource.OpenAsync(url, cancel).ConfigureAwait(false))),
        CreateSource(context, "csv", "From a folder of members.csv, torrents.csv, history.csv and groups.csv.", "FOLDER", folder => Directory.Exists(folder) ? null : "is no folder",
            (folder, _) => Task.FromResult<IImportSource>(new CsvSource(folder))),
    };

    private static Command CreateSource(CommandContext context, string name, string description, string form, Func<string, string?> problem, Func<string, CancellationToken, Task<IImportSource>> open)
    {
        var from = new Argument<string>("SOURCE") { Description = $"Where it is: {form}." };
        from.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && problem(token.Value) is { } text)
                result.AddError($"SOURCE: {text}");
        });
        var dryRun = new Option<bool>("--dry-run") { Description = "Read and check everything, and send nothing." };
        var torrents = new Option<string>("--torrents") { Description = "A folder of torrent files, to register for their sizes.", HelpName = "FOLDER" };
        var (tracker, json) = (SharedOptions.Tracker().Url(), SharedOptions.Json());
        var command = new Command(name, $"{description} As the administration (PBTS_ADMIN_TOKEN, or on the tracker's machine).") { from, dryRun, torrents, tracker, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Administrator(parsed.GetRequiredValue(tracker), out var exitCode);
            if (client is null)
                return exitCode;
            try
            {
                var source = await open(parsed.GetRequiredValue(from), cancellationToken).ConfigureAwait(false);
                await using (source.ConfigureAwait(false))
                    return await RunAsync(context, source, client, parsed.GetValue(dryRun), parsed.GetValue(torrents), parsed.GetValue(json), cancellationToken).ConfigureAwait(false);
            }
            catch (SiteException problem)
            {
                return context.Fail(problem.Code, problem.Message);
            }
            catch (Exception problem) when (problem is MySqlException or SocketException)
            {
                return context.Fail(ExitCodes.File, $"the database cannot be read: {problem.Message}");
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, IImportSource source, TrackerClient client, bool isDryRun, string? torrents, bool json, CancellationToken cancellationToken)
    {
        var (report, running, bar, drawn) = (new ImportReport(), Stopwatch.StartNew(), new AuditProgress(context), "");
        var import = new SiteImport(source, isDryRun ? null : new SiteApi(client, context.Say), report, (kind, done, total, elapsed) =>
        {
            if (kind != drawn)
                bar = new AuditProgress(context);
            drawn = kind;
            var rate = done / Math.Max(elapsed.TotalSeconds, 0.001);
            bar.Show(total > 0 ? (double)done / total : 1, string.Create(CultureInfo.InvariantCulture,
                $"{kind}: {done:N0}{(total > 0 ? $" of {total:N0}" : "")}, {rate:N0} rows/s{(total > done ? $", about {(total - done) / rate:N0} s left" : "")}"));
        });
        await import.RunAsync(cancellationToken).ConfigureAwait(false);
        if (torrents is not null)
            await import.PublishAsync(torrents, cancellationToken).ConfigureAwait(false);
        bar.Clear();
        context.Print(report.ToJson(isDryRun, running.Elapsed.TotalSeconds), json);
        return ExitCodes.Success;
    }
}
