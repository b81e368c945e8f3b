using System.Globalization;
using System.Net;
using System.Text;

namespace Pbts.Experiments.Output;

/// <summary>Everything on one page that needs nothing else: styles and drawings are in it.</summary>
internal static class SummaryPage
{
    /// <param name="drawings">Each chart with its SVG.</param>
    /// <param name="files">Names of the other files beside the page.</param>
    public static string Write(Results results, IReadOnlyCollection<(Chart Chart, string Svg)> drawings, IEnumerable<string> files)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>PBTS experiments</title>
            <style>
            {Style()}</style>
            </head>
            <body>
            <h1>PBTS experiments</h1>
            <p class="soft">{results.At:yyyy-MM-dd HH:mm} UTC, took {Format.Time(results.Seconds)}, {Text(TextReport.Options(results.Settings))}</p>

            """);
        if (results.Failed.Any())
            page.Append(CultureInfo.InvariantCulture, $"<p class=\"warn\">{results.Failed.Count()} measurements failed, see below.</p>\n");
        if (results.Machine.WasDisturbed)
            page.Append("<p class=\"warn\">Others kept the machine busy: measure again on a quiet one.</p>\n");
        page.Append("<nav>").AppendJoin('\n', results.Parts.Select(part => $"<a href=\"#{part.Key}\">{part.Key}</a>")).Append("</nav>\n");
        Rows(page, "words", null, results.Machine.Lines().Select(line => new[] { line.Name, line.Value }));
        page.Append("<h2>Beside the paper and the reference</h2>\n");
        Rows(page, "words", Published.Heading, Published.Rows(results));
        foreach (var part in results.Parts)
        {
            page.Append(CultureInfo.InvariantCulture, $"<h2 id=\"{part.Key}\">{part.Key}</h2>\n");
            foreach (var (chart, svg) in drawings.Where(drawing => drawing.Chart.Part == part.Key))
                page.Append(CultureInfo.InvariantCulture, $"<figure role=\"img\" aria-label=\"{Text(chart.Title)}\">{Inline(svg)}</figure>\n");
            if (part.Any(finding => finding.Outcome == Outcome.Measured))
                Rows(page, "", Table.Heading, Table.Rows(part));
            List(page, "soft", Results.Notes(part));
            List(page, "soft", part.Where(finding => finding.Outcome == Outcome.Skipped).Select(finding => $"{finding.Title}: skipped: {finding.Reason}"));
            List(page, "warn", part.Where(finding => finding.Outcome == Outcome.Failed).Select(finding => $"{finding.Title}: failed: {finding.Reason}"));
        }

        page.Append("<h2>Files</h2>\n<ul>").AppendJoin('\n', files.Select(file => $"<li><a href=\"{Text(file)}\">{Text(file)}</a></li>")).Append("</ul>\n</body>\n</html>\n");
        return page.ToString();
    }

    private static void Rows(StringBuilder page, string style, string[]? heading, IEnumerable<string[]> rows)
    {
        page.Append(CultureInfo.InvariantCulture, $"<div class=\"scroll\"><table class=\"{style}\">\n");
        if (heading is not null)
            page.Append("<tr>").AppendJoin("", heading.Select(title => $"<th>{Text(title)}</th>")).Append("</tr>\n");
        foreach (var row in rows)
            page.Append("<tr>").AppendJoin("", row.Select(cell => $"<td>{Text(cell)}</td>")).Append("</tr>\n");
        page.Append("</table></div>\n");
    }

    private static void List(StringBuilder page, string style, IEnumerable<string> items)
    {
        var lines = items.ToArray();
        if (lines.Length > 0)
            page.Append(CultureInfo.InvariantCulture, $"<ul class=\"{style}\">").AppendJoin("", lines.Select(line => $"<li>{Text(line)}</li>")).Append("</ul>\n");
    }

    /// <summary>Without the XML declaration, and as wide as the page.</summary>
    private static string Inline(string svg)
    {
        var element = svg[svg.IndexOf("<svg", StringComparison.Ordinal)..];
        var head = element[..element.IndexOf('>')];
        var (width, height) = (Attribute(head, "width"), Attribute(head, "height"));
        return head.Contains("viewBox", StringComparison.Ordinal) ? element : $"<svg viewBox=\"0 0 {width} {height}\"{element[4..]}";
    }

    private static string Attribute(string head, string name)
    {
        var at = head.IndexOf(name + "=\"", StringComparison.Ordinal) + name.Length + 2;
        return head[at..head.IndexOf('"', at)];
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static string Style()
    {
        using var stream = typeof(SummaryPage).Assembly.GetManifestResourceStream("page.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
