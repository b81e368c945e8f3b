using System.Text.Json;
using System.Text.Json.Nodes;
using Pbts.Cli.Keys;
using Pbts.Cli.Tracker;

namespace Pbts.Cli.Commands;

/// <summary>Where a command's words go: results to standard output, everything else to standard error.</summary>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record CommandContext(TextWriter Output, TextWriter Error)
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        // Base64 has plus signs; the output is a terminal's or a script's, never a page's.
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Prints a result, as JSON or as one line for each field.</summary>
    public void Print(JsonNode result, bool json)
    {
        if (json)
        {
            Output.WriteLine(result.ToJsonString(Indented));
            return;
        }
        foreach (var (name, value) in result.AsObject())
            Output.WriteLine($"{name}: {value switch { null => "-", JsonObject or JsonArray => value.ToJsonString(), _ => value.ToString() }}");
    }

    public int Fail(int code, string message)
    {
        Error.WriteLine($"pbts: {message}");
        return code;
    }

    /// <summary>Prints an answer of the API and gives the exit code.</summary>
    public int Finish(ApiResult result, bool json)
    {
        if (result.Body is { ValueKind: JsonValueKind.Object } body && (json || result.IsSuccess))
            Print(JsonObject.Create(body)!, json);
        if (result.IsSuccess)
            return ExitCodes.Success;
        return Fail(result.IsUnreachable ? ExitCodes.Unreachable : ExitCodes.Refused, result.Error!);
    }

    /// <summary>Reads a key file, warning when others may read it too.</summary>
    public MemberIdentity? ReadKey(string path, out int exitCode)
    {
        exitCode = ExitCodes.Success;
        if (!KeyFile.TryRead(path, out var identity, out var error))
            exitCode = Fail(ExitCodes.File, error);
        else if (KeyFile.IsExposed(path))
            Error.WriteLine($"pbts: warning: others may read the private key in {path}; run: chmod 600 {path}");
        return identity;
    }
}
