using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;

namespace Pbts.Cli.Commands;

/// <summary>Says what is wrong with a command line: which option or argument, and what it takes.</summary>
internal static partial class UsageErrors
{
    public static IReadOnlyList<string> Describe(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        if (command is { Subcommands.Count: > 0, Action: null })
        {
            var choices = string.Join(", ", command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name));
            return [parsed.UnmatchedTokens is [var word, ..] ? $"there is no '{word}'; there is: {choices}" : $"say which: {choices}"];
        }
        return [.. parsed.Errors.Select(error => Describe(parsed, error)).Distinct()];
    }

    private static string Describe(ParseResult parsed, ParseError error)
    {
        if (BadValue().Match(error.Message) is { Success: true } bad)
            return $"{bad.Groups["option"].Value}: '{bad.Groups["value"].Value}' is not a whole number it can take";
        if (error.SymbolResult is ArgumentResult { Tokens.Count: 0, Argument: var argument })
            return $"{argument.HelpName ?? argument.Name} is missing{(argument.Description is { } text ? $": {text}" : "")}";
        if (error.SymbolResult is CommandResult { Command: var command } && error.Message.StartsWith("Required argument", StringComparison.Ordinal)
            && command.Arguments.FirstOrDefault(a => a.Arity.MinimumNumberOfValues > 0 && parsed.GetResult(a) is null or { Tokens.Count: 0 }) is { } missing)
            return $"{missing.HelpName ?? missing.Name} is missing{(missing.Description is { } text2 ? $": {text2}" : "")}";
        return error.Message;
    }

    /// <summary>The library's words for a value that does not convert; every option that converts is a number.</summary>
    [GeneratedRegex("^Cannot parse argument '(?<value>.*)' for option '(?<option>[^']*)' as expected type", RegexOptions.Singleline)]
    private static partial Regex BadValue();
}
