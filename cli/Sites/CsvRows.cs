using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Pbts.Cli.Commands;

namespace Pbts.Cli.Sites;

/// <summary>A row of a file of values with commas (RFC 4180), by the names in its first line.</summary>
/// <param name="where">File and line, for messages.</param>
/// <param name="names">The first line.</param>
/// <param name="values">This row's; missing and empty ones are not there.</param>
internal sealed class CsvRow(string where, IReadOnlyList<string> names, IReadOnlyList<string> values)
{
    public string Text(string name) => TextOrNull(name) ?? throw Wrong(name, "is missing");

    public string? TextOrNull(string name)
    {
        for (var i = 0; i < names.Count && i < values.Count; i++)
        {
            if (names[i] == name)
                return values[i].Length > 0 ? values[i] : null;
        }

        return null;
    }

    public long Number(string name, long otherwise = 0) => NumberOrNull(name) ?? otherwise;

    public long? NumberOrNull(string name) => TextOrNull(name) is not { } text ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Wrong(name, "must be a whole number from 0");

    public bool Flag(string name, bool otherwise = false) => TextOrNull(name) switch
    {
        null => otherwise,
        "1" or "true" => true,
        "0" or "false" => false,
        _ => throw Wrong(name, "must be 1 or 0"),
    };

    /// <summary>The rows of a file; none where there is no such file.</summary>
    public static async IAsyncEnumerable<CsvRow> ReadAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
            yield break;
        using var reader = new StreamReader(path);
        var (text, line, names) = (new StringBuilder(), 0, (IReadOnlyList<string>?)null);
        while (await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } next)
        {
            line++;
            text.Append(text.Length > 0 ? "\n" : "").Append(next);
            // A line end within quotation marks belongs to the value.
            if (text.Length == 0 || text.ToString().Count(c => c == '"') % 2 == 1)
                continue;
            var values = Split(text.ToString());
            text.Clear();
            if (names is null)
                names = values;
            else
                yield return new($"{Path.GetFileName(path)} line {line}", names, values);
        }
    }

    private static List<string> Split(string line)
    {
        var (values, value, isQuoted) = (new List<string>(), new StringBuilder(), false);
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '"' && isQuoted && i + 1 < line.Length && line[i + 1] == '"')
            {
                value.Append(line[++i]);
            }
            else if (line[i] == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (line[i] == ',' && !isQuoted)
            {
                values.Add(value.ToString());
                value.Clear();
            }
            else
            {
                value.Append(line[i]);
            }
        }

        values.Add(value.ToString());
        return values;
    }

    private SiteException Wrong(string name, string problem) => new(ExitCodes.File, $"{where}: {name} {problem}");
}
