using System.Text.Json;
using Pbts.Cli.Commands;
using Pbts.Peer;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Cli.Chain;

/// <summary>Draws how far a migration is: on a terminal in one line that changes, else a line for each tenth.</summary>
internal sealed class MigrationProgress(TextWriter output, bool terminal)
{
    private const int Width = 30;
    private string _last = "";

    /// <summary>Whether the migration may still change.</summary>
    public static bool IsUnderWay(ApiResult result) =>
        EnumText.TryParse(result.Text("state"), out MigrationState state) && state is MigrationState.Pending or MigrationState.Running or MigrationState.Paused;

    /// <summary>Draws the migration as it stands; one that is finished ends the line.</summary>
    public void Show(ApiResult result)
    {
        var (migrated, failed, total) = (Number(result, "migrated"), Number(result, "failed_count"), Number(result, "total"));
        var (state, phase) = (result.Text("state"), result.Text("phase"));
        // The total is not known before everybody has been found.
        var isCounted = total > 0 && phase != MigrationPhase.Deploy.ToText() && phase != MigrationPhase.Discover.ToText();
        var share = isCounted ? (double)(migrated + failed) / total : state == MigrationState.Completed.ToText() ? 1 : 0;
        var filled = (int)(share * Width);
        var line = $"[{new string('#', filled)}{new string('-', Width - filled)}] {share * 100,3:0} %  {state}, {phase}: {migrated} of {total} moved, {failed} not";
        if (result.Text("claims") == MigrationClaims.Lazy.ToText())
            line = $"{state}, {phase}: by the root of {total} members; {migrated} have brought their proofs";
        if (Seconds(result) is { } left)
            line += $", about {left:0} s left";
        if (result.Text("problem") is { } problem)
            line += $"  ({problem})";
        line = TerminalText.Escape(line);
        if (terminal)
        {
            output.Write($"\r\e[K{line}");
            if (!IsUnderWay(result))
                output.WriteLine();
            return;
        }
        var news = $"{state} {phase} {(int)(share * 10)} {failed} {result.Text("problem")}";
        if (news != _last)
            output.WriteLine(line);
        _last = news;
    }

    private static int Number(ApiResult result, string name) =>
        result.Body is { } body && body.TryGetProperty(name, out var value) && value.TryGetInt32(out var number) ? number : 0;

    private static double? Seconds(ApiResult result) =>
        result.Body is { } body && body.TryGetProperty("eta_seconds", out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
}
