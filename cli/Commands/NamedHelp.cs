using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Pbts.Cli.Commands;

/// <summary>The usual help, under the name people type instead of the assembly's, with examples and exit codes.</summary>
/// <param name="usual">The library's own help.</param>
internal sealed class NamedHelp(HelpAction usual) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var configuration = parseResult.InvocationConfiguration;
        var output = configuration.Output;
        using var text = new StringWriter();
        configuration.Output = text;
        var result = usual.Invoke(parseResult);
        configuration.Output = output;
        output.WriteLine(text.ToString().Replace($"  {RootCommand.ExecutableName}", "  pbts", StringComparison.Ordinal).TrimEnd());
        output.WriteLine();
        if (Examples.Of(PbtsCommand.Path(parseResult.CommandResult)) is { Count: > 0 } examples)
        {
            output.WriteLine("Examples:");
            foreach (var example in examples)
                output.WriteLine($"  {example}");
            output.WriteLine();
        }
        output.WriteLine(ExitCodes.Help);
        return result;
    }
}
