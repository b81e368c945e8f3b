using System.CommandLine;
using System.CommandLine.Help;
using Pbts.Cli.Contract;

namespace Pbts.Cli.Commands;

/// <summary>The <c>pbts</c> command line.</summary>
internal static class PbtsCommand
{
    private const string Description = """
        PBTS: a private BitTorrent tracker whose reputation cannot be faked.

        Exit codes: 0 success; 1 refused by the tracker, or a check that does not hold; 2 wrong command line;
        3 a file cannot be used; 4 tracker not reached; 5 not finished in time; 130 interrupted.
        """;

    /// <summary>Parses and runs; gives the exit code.</summary>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken = default)
    {
        var root = Create(new CommandContext(output, error));
        var parsed = root.Parse(args);
        var configuration = new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(45) };
        if (parsed.Errors.Count > 0)
        {
            foreach (var problem in parsed.Errors)
                await error.WriteLineAsync($"pbts: {problem.Message}").ConfigureAwait(false);
            await error.WriteLineAsync($"Try: pbts {Path(parsed.CommandResult)}--help").ConfigureAwait(false);
            return ExitCodes.Usage;
        }
        try
        {
            return await parsed.InvokeAsync(configuration, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Interrupted;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"pbts: {e.Message}").ConfigureAwait(false);
            return ExitCodes.File;
        }
    }

    /// <summary>The whole tree of commands.</summary>
    public static RootCommand Create(CommandContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var root = new RootCommand(Description)
        {
            KeygenCommand.Create(context),
            RegisterCommand.Create(context),
            UserCommand.Create(context),
            AttestCommand.Create(context),
            VerifyCommand.Create(context),
            ReportCommand.Create(context),
            AnnounceCommand.Create(context),
            ScrapeCommand.Create(context),
            TorrentCommand.Create(context),
            SeedCommand.Create(context),
            GetCommand.Create(context),
            ConfigCommand.Create(context),
            DeployFactoryCommand.Create(context),
            ContractCommand.Create(context),
            MigrateCommand.Create(context),
            TeeCommand.Create(context),
            CompletionCommand.Create(context),
        };
        foreach (var option in root.Options.OfType<HelpOption>())
            if (option.Action is HelpAction usual)
                option.Action = new NamedHelp(usual);
        return root;
    }

    private static string Path(System.CommandLine.Parsing.CommandResult result) =>
        result.Parent is System.CommandLine.Parsing.CommandResult parent ? $"{Path(parent)}{result.Command.Name} " : "";
}
