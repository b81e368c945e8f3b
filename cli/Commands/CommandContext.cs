using System.Text.Json;
using System.Text.Json.Nodes;
using Pbts.Peer;

namespace Pbts.Cli.Commands;

/// <summary>Where a command's words go: results to standard output, everything else to standard error.</summary>
/// <param name="output">Standard output.</param>
/// <param name="error">Standard error.</param>
internal sealed class CommandContext(TextWriter output, TextWriter error)
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        // Base64 has plus signs; the output is a terminal's or a script's, never a page's.
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private string? _failure;
    private bool _printed;

    public TextWriter Output { get; } = output;

    public TextWriter Error { get; } = error;

    /// <summary>Prints a result, as JSON or as one line for each field.</summary>
    public void Print(JsonNode result, bool json)
    {
        _printed = true;
        if (json)
        {
            Output.WriteLine(TerminalText.EscapeDocument(result.ToJsonString(Indented)));
            return;
        }
        foreach (var (name, value) in result.AsObject())
            Output.WriteLine(TerminalText.Escape($"{name}: {value switch { null => "-", JsonObject or JsonArray => value.ToJsonString(), _ => value.ToString() }}"));
    }

    /// <summary>Says something on standard error. Whoever's words are in it, they are no more than words.</summary>
    public void Say(string message) => Error.WriteLine(TerminalText.Escape($"pbts: {message}"));

    public int Fail(int code, string message)
    {
        Say(message);
        _failure ??= message;
        return code;
    }

    /// <summary>With <c>--json</c> a failure that has printed no result is a document too; gives the code back.</summary>
    public int End(int code, bool json)
    {
        if (json && code != ExitCodes.Success && !_printed)
            Print(new JsonObject { ["success"] = false, ["error"] = _failure ?? "failed" }, json);
        return code;
    }

    /// <summary>Prints an answer of the API and gives the exit code.</summary>
    public int Finish(ApiResult result, bool json)
    {
        if (result.Body is { ValueKind: JsonValueKind.Object } body && (json || result.IsSuccess))
            Print(JsonObject.Create(body)!, json);
        if (result.IsSuccess)
            return ExitCodes.Success;
        return result.IsUnreachable
            ? Fail(ExitCodes.Unreachable, $"{result.Error}; is it running, and is --tracker right?")
            : Fail(ExitCodes.Refused, result.Error!);
    }

    /// <summary>A client with the token for administration, if there is one; null, with the exit code, when it cannot be one.</summary>
    /// <remarks>The token comes by the environment: an argument would be seen in the process list.</remarks>
    public TrackerClient? Administrator(string url, out int exitCode, string? passkey = null)
    {
        exitCode = ExitCodes.Success;
        var token = Environment.GetEnvironmentVariable("PBTS_ADMIN_TOKEN")?.Trim();
        if (token is null || token.All(c => c is > ' ' and <= '~'))
            return new TrackerClient(url, passkey) { AdminToken = token };
        exitCode = Fail(ExitCodes.Usage, "PBTS_ADMIN_TOKEN: must be visible ASCII characters without blanks");
        return null;
    }

    /// <summary>A client that calls as the member whose passkey is in the URL or the environment, and without one as the administration.</summary>
    public TrackerClient? MemberOrAdministrator(string url, out int exitCode)
    {
        exitCode = ExitCodes.Success;
        var member = new TrackerClient(url, SharedOptions.Passkey()) { SendsPasskey = true };
        if (member.HasPasskey)
            return member;
        member.Dispose();
        return Administrator(url, out exitCode);
    }

    /// <summary>Reads a key file, warning when others may read it too.</summary>
    public MemberIdentity? ReadKey(string path, out int exitCode)
    {
        exitCode = ExitCodes.Success;
        if (!KeyFile.TryRead(path, out var identity, out var error))
            exitCode = Fail(ExitCodes.File, error);
        else if (KeyFile.IsExposed(path))
            Say($"warning: others may read the private key in {path}; run: chmod 600 {path}");
        return identity;
    }
}
