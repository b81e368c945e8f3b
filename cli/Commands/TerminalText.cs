using System.Globalization;
using System.Text;

namespace Pbts.Cli.Commands;

/// <summary>
/// Makes text of others (torrents, trackers, files) safe to print: what moves the cursor, colours, retitles or reorders is
/// shown as an escape, so that nobody writes into the reader's terminal.
/// </summary>
internal static class TerminalText
{
    /// <summary>One line of text with everything but visible characters escaped, as JSON escapes them.</summary>
    public static string Escape(string text) => Escape(text, keepsLines: false);

    /// <summary>A JSON document: line ends are its own, and an escape within a string means the same character.</summary>
    public static string EscapeDocument(string json) => Escape(json, keepsLines: true);

    private static string Escape(string text, bool keepsLines)
    {
        StringBuilder? result = null;
        for (var i = 0; i < text.Length; i++)
        {
            var isPair = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]);
            if (isPair || !IsUnsafe(text[i]) || (keepsLines && text[i] is '\n' or '\r'))
            {
                result?.Append(text, i, isPair ? 2 : 1);
            }
            else
            {
                result ??= new StringBuilder(text, 0, i, text.Length + 16);
                result.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}");
            }
            i += isPair ? 1 : 0;
        }
        return result?.ToString() ?? text;
    }

    private static bool IsUnsafe(char c) =>
        char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate
        // Marks that reorder what stands around them.
        || c is '\u061c' or '\u200e' or '\u200f' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');
}
