using System.Globalization;
using System.Text;

namespace Pbts.Experiments.Output;

/// <summary>
/// A table for each experiment in LaTeX. The file compiles as it is and can as well be taken into a paper with \input: it
/// brings a document around itself only where there is none.
/// </summary>
internal static class LatexTable
{
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
        foreach (var part in results.Parts)
        {
            var rows = Table.Rows(part).ToArray();
            // A float must fit a page.
            foreach (var (i, chunk) in rows.Chunk(45).Index())
            {
                tex.Append(CultureInfo.InvariantCulture, $$"""
                    \begin{table}[p]
                    \centering
                    \caption{PBTS: {{Escape(part.Key)}}{{(i > 0 ? ", continued" : "")}} ({{Escape(results.Machine.Processor)}}, {{results.Machine.Cores}} cores)}
                    \label{tab:pbts-{{part.Key}}{{(i > 0 ? $"-{i + 1}" : "")}}}
                    \scriptsize
                    \begin{tabular}{lrrrrrrl}
                    \hline
                    {{string.Join(" & ", Table.Heading.Select(Escape))}} \\
                    \hline

                    """);
                foreach (var row in chunk)
                    tex.Append(string.Join(" & ", row.Select(Escape))).Append(" \\\\\n");
                tex.Append("\\hline\n\\end{tabular}\n\\end{table}\n");
            }

            if (rows.Length > 0)
                tex.Append("\\clearpage\n");
        }

        if (results.Skipped.Any())
            tex.Append("\\noindent Not measured:\\\\\n").AppendJoin("\\\\\n", results.Skipped.Select(finding => $"{Escape($"{finding.Part}, {finding.Title}: {finding.Reason}")}")).Append("\\par\n");
        return tex.Append("\\pbtsend\n").ToString();
    }

    internal static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (var c in text)
        {
            _ = c switch
            {
                '&' or '%' or '$' or '#' or '_' or '{' or '}' => escaped.Append('\\').Append(c),
                '\\' => escaped.Append("\\textbackslash{}"),
                '~' => escaped.Append("\\textasciitilde{}"),
                '^' => escaped.Append("\\textasciicircum{}"),
                '<' or '>' or '|' => escaped.Append('$').Append(c == '|' ? "\\vert" : c).Append('$'),
                '–' => escaped.Append("--"),
                _ => escaped.Append(char.IsAscii(c) ? c : '?'),
            };
        }

        return escaped.ToString();
    }
}
