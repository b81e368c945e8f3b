using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Pbts.Cli.Chain;
using Pbts.Cli.Commands;
using Pbts.Cli.Evidence;
using Pbts.Cli.Passports;
using Pbts.Cli.Proofs;
using Pbts.Cli.Sites;

namespace Pbts.Cli;

/// <summary>The <c>pbts</c> command line.</summary>
internal static class PbtsCommand
{
    private const string Description = "PBTS: a private BitTorrent tracker whose members' reputation is signed for by those they gave to.";

    /// <summary>Parses and runs; gives the exit code.</summary>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken = default)
    {
        var context = new CommandContext(output, error);
        var parsed = Create(context).Parse(args);
        return context.End(await RunAsync(context, parsed, cancellationToken).ConfigureAwait(false), json: args.Contains("--json"));
    }

    private static async Task<int> RunAsync(CommandContext context, ParseResult parsed, CancellationToken cancellationToken)
    {
        var configuration = new InvocationConfiguration { Output = context.Output, Error = context.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(45) };
        if (parsed.Errors.Count > 0)
        {
            foreach (var problem in UsageErrors.Describe(parsed))
                context.Fail(ExitCodes.Usage, problem);
            await context.Error.WriteLineAsync($"Try: pbts {$"{Path(parsed.CommandResult)} ".TrimStart()}--help").ConfigureAwait(false);
            return ExitCodes.Usage;
        }
        try
        {
            return await parsed.InvokeAsync(configuration, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return context.Fail(ExitCodes.Interrupted, "interrupted");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return context.Fail(ExitCodes.File, e.Message);
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
            InviteCommand.Create(context),
            UserCommand.Create(context),
            PassportCommand.Create(context),
            IssuerCommand.Create(context),
            TokenCommand.Create(context),
            TrustCommand.Create(context),
            ImportCommand.Create(context),
            ConnectCommand.Create(context),
            AttestCommand.Create(context),
            VerifyCommand.Create(context),
            ReportCommand.Create(context),
            EvidenceCommand.Create(context),
            AuditCommand.Create(context),
            ProofCommand.Create(context),
            VerifyProofCommand.Create(context),
            AnnounceCommand.Create(context),
            ScrapeCommand.Create(context),
            TorrentCommand.Create(context),
            SeedCommand.Create(context),
            GetCommand.Create(context),
            GateCommand.Create(context),
            ConfigCommand.Create(context),
            DeployFactoryCommand.Create(context),
            ContractCommand.Create(context),
            MigrateCommand.Create(context),
            TeeCommand.Create(context),
            CompletionCommand.Create(context),
        };
        WithoutValues(root);
        foreach (var option in root.Options.OfType<HelpOption>())
            if (option.Action is HelpAction usual)
                option.Action = new NamedHelp(usual);
        return root;
    }

    /// <summary>Nobody writes <c>--json true</c>: the shell is not to offer it.</summary>
    private static void WithoutValues(Command command)
    {
        foreach (var flag in command.Options.OfType<Option<bool>>())
            flag.CompletionSources.Clear();
        foreach (var child in command.Subcommands)
            WithoutValues(child);
    }

    /// <summary>The words that lead to a command, such as <c>torrent create</c>; none for the root.</summary>
    public static string Path(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{Path(parent)} {result.Command.Name}".TrimStart() : "";
}
