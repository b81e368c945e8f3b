using System.CommandLine;
using Pbts.Peer;

namespace Pbts.Cli.Commands;

/// <summary>A verb that is one call of the JSON interface, whose answer it prints.</summary>
internal static class ApiVerb
{
    /// <summary>Makes the client that calls; null, with the exit code, when it cannot be one.</summary>
    public delegate TrackerClient? ClientFactory(string url, out int exitCode);

    /// <param name="words">Its arguments and options, besides the tracker and <c>--json</c>.</param>
    public static Command Create(
        CommandContext context, ClientFactory factory, string name, string description, Symbol[] words, Func<TrackerClient, ParseResult, CancellationToken, Task<ApiResult>> call)
    {
        var (tracker, json) = (SharedOptions.Tracker().Url(), SharedOptions.Json());
        var command = new Command(name, description) { tracker, json };
        foreach (var word in words)
        {
            if (word is Argument argument)
                command.Add(argument);
            else
                command.Add((Option)word);
        }

        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = factory(parsed.GetRequiredValue(tracker), out var exitCode);
            return client is null ? exitCode : context.Finish(await call(client, parsed, cancellationToken).ConfigureAwait(false), parsed.GetValue(json));
        });
        return command;
    }
}
