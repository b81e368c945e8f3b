using System.CommandLine;
using MySqlConnector;
using Pbts.Cli.Commands;

namespace Pbts.Cli.Sites;

/// <summary><c>pbts connect</c>: a site's own tables follow what happens at the tracker.</summary>
internal static class ConnectCommand
{
    public static Command Create(CommandContext context) => new("connect", "Apply what happens at a tracker to a site's own database, exactly once.") { CreateUnit3d(context) };

    private static Command CreateUnit3d(CommandContext context)
    {
        var database = new Option<string>("--mysql")
        {
            Description = $"UNIT3D's database: {MySqlAddress.Form}. The password of its user comes by {MySqlAddress.PasswordVariable}.", HelpName = "URL", Required = true,
        }.MySqlUrl();
        var tracker = SharedOptions.Tracker().Url();
        var command = new Command("unit3d", "Keep UNIT3D's users, history, peers and torrents up to date, until it is stopped. With a token of scope site:read (PBTS_ADMIN_TOKEN).") { database, tracker };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Administrator(parsed.GetRequiredValue(tracker), out var exitCode);
            if (client is null)
                return exitCode;
            try
            {
                await new SiteConnector(client, parsed.GetRequiredValue(database), context.Say).RunAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // What was applied is there, and where to go on.
            }
            catch (SiteException problem)
            {
                return context.Fail(problem.Code, problem.Message);
            }
            catch (MySqlException problem)
            {
                return context.Fail(ExitCodes.Refused, $"the site's database refuses: {problem.Message}");
            }

            return ExitCodes.Success;
        });
        return command;
    }
}
