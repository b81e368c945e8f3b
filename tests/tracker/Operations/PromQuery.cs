using System.Text.RegularExpressions;

namespace Pbts.Tracker.Tests.Operations;

/// <summary>What a query in Prometheus' language reads.</summary>
/// <param name="Metrics">Names of the metrics.</param>
/// <param name="Labels">Labels with a certain value that the query asks for, as <c>name="value"</c>.</param>
internal sealed partial record PromQuery(string Text, IReadOnlyList<string> Metrics, IReadOnlyList<string> Labels)
{
    /// <summary>The queries in a dashboard (JSON) or a file of rules (YAML).</summary>
    public static IReadOnlyList<PromQuery> FindIn(string file) =>
        [.. Expression().Matches(file).Select(match => Parse(match.Groups[1].Value.Replace("\\\"", "\"", StringComparison.Ordinal)))];

    private static PromQuery Parse(string text)
    {
        // A name is what is neither selected by, grouped by, in quotes, nor called; and no word of the language.
        var bare = NoName().Replace(text, " ");
        var labels = Label().Matches(text).Select(match => match.Value).ToList();
        return new(text, [.. Name().Matches(bare).Select(match => match.Value).Where(name => name is not ("or" or "and" or "by" or "bool" or "up")).Distinct()], labels);
    }

    [GeneratedRegex("""^\s*"?expr"?: "?(.*?)"?,?$""", RegexOptions.Multiline)]
    private static partial Regex Expression();

    [GeneratedRegex("""\{.*?\}|\[.*?\]|(?:[a-z_]+ )?by \(.*?\)|[a-z_]+ ?\(|\b\d[\d.]*[smhd]?""")]
    private static partial Regex NoName();

    [GeneratedRegex(@"\w+=""[^""]*""")]
    private static partial Regex Label();

    [GeneratedRegex("""[a-zA-Z_:][\w:]*""")]
    private static partial Regex Name();
}
