using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Pbts.Cli.Commands;

/// <summary>The usual help, under the name people type instead of the assembly's.</summary>
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
        output.Write(text.ToString().Replace($"  {RootCommand.ExecutableName}", "  pbts", StringComparison.Ordinal));
        return result;
    }
}
