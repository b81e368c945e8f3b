using System.Globalization;
using System.Text;

namespace Pbts.Experiments.Output;

/// <summary>
/// A table for each experiment in LaTeX, and one beside the paper and the reference. The file compiles as it is and can as
/// well be taken into a paper with \input: it brings a document around itself only where there is none.
/// </summary>
internal static class LatexTable
{
    /// <summary>Rows of one float, which must fit a page.</summary>
    private const int RowsAFloat = 45;

    public static string Write(Results results)
    {
        var tex = new StringBuilder();
        tex.Append(CultureInfo.InvariantCulture, $$"""
            % PBTS experiments, {{results.At:yyyy-MM-dd HH:mm}} UTC, {{TextReport.Options(results.Settings)}}
            % Take it into a paper with \input, or compile it by itself.
            \let\pbtsend\relax
            \makeatletter
            \ifx\@nodocument\relax\else
              \def\pbtsend{\end{document} }
              \documentclass{article}
              \usepackage[margin=1.5cm]{geometry}
              \begin{document}
              \makeatletter
            \fi
            \makeatother

            """);
        var where = $"{results.Machine.Processor}, {results.Machine.Cores} cores";
        string[] run = ["began", $"{results.At:yyyy-MM-dd HH:mm} UTC, took {Format.Time(results.Seconds)}, {TextReport.Options(results.Settings)}"];
        Float(tex, "machine", "the machine and the run", "lp{12cm}", null, [run, .. results.Machine.Lines().Select(line => new[] { line.Name, line.Value })], []);
        Float(tex, "beside", "beside the paper and the reference", "llllp{4cm}", Published.Heading, [.. Published.Rows(results)], []);
        tex.Append("\\clearpage\n");
        foreach (var part in results.Parts.Where(part => Table.Rows(part).Any()))
        {
            Float(tex, part.Key, $"{part.Key} ({where})", "lrrrrrrl", Table.Heading, [.. Table.Rows(part)], [.. Results.Notes(part)]);
            tex.Append("\\clearpage\n");
        }

        if (results.Skipped.Any())
            tex.Append("\\noindent Not measured:\\\\\n").AppendJoin("\\\\\n", results.Skipped.Select(finding => Escape($"{finding.Part}, {finding.Title}: {finding.Reason}"))).Append("\\par\n");
        return tex.Append("\\pbtsend\n").ToString();
    }

    private static void Float(StringBuilder tex, string label, string caption, string columns, string[]? heading, string[][] rows, string[] notes)
    {
        var chunks = rows.Chunk(RowsAFloat).ToArray();
        foreach (var (i, chunk) in chunks.Index())
        {
            tex.Append(CultureInfo.InvariantCulture, $$"""
                \begin{table}[p]
                \centering
                \caption{PBTS: {{Escape(caption)}}{{(i > 0 ? ", continued" : "")}}}
                \label{tab:pbts-{{label}}{{(i > 0 ? $"-{i + 1}" : "")}}}
                \scriptsize
                \setlength{\tabcolsep}{4pt}
                \begin{tabular}{{{columns}}}
                \hline\noalign{\vskip 2pt}

                """);
            if (heading is not null)
                tex.AppendJoin(" & ", heading.Select(Escape)).Append(" \\\\\n\\hline\\noalign{\\vskip 2pt}\n");
            foreach (var row in chunk)
                tex.AppendJoin(" & ", row.Select(Escape)).Append(" \\\\\n");
            tex.Append("\\hline\n\\end{tabular}\n");
            if (i == chunks.Length - 1 && notes.Length > 0)
                tex.Append("\n\\medskip\n\\begin{minipage}{0.9\\linewidth}\n").AppendJoin("\\par\n", notes.Select(Escape)).Append("\n\\end{minipage}\n");
            tex.Append("\\end{table}\n");
        }
    }

    internal static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (var (i, c) in text.Index())
        {
            _ = c switch
            {
                '&' or '%' or '$' or '#' or '_' or '{' or '}' => escaped.Append('\\').Append(c),
                '\\' => escaped.Append("\\textbackslash{}"),
                '~' => escaped.Append("\\textasciitilde{}"),
                '^' => escaped.Append("\\textasciicircum{}"),
                '"' => escaped.Append("''"),
                '<' or '>' or '|' => escaped.Append('$').Append(c == '|' ? "\\vert" : c).Append('$'),
                // Two in a row would become a dash.
                '-' when i > 0 && text[i - 1] == '-' => escaped.Append("{}-"),
                '–' => escaped.Append("--"),
                '×' => escaped.Append("$\\times$"),
                _ => escaped.Append(char.IsAscii(c) ? c : '?'),
            };
        }

        return escaped.ToString();
    }
}
