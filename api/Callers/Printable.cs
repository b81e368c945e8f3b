namespace Pbts.Api.Callers;

/// <summary>Makes text of strangers fit for a log.</summary>
internal static class Printable
{
    /// <summary>At most so many characters, none of which moves the cursor or colours the terminal.</summary>
    public static string Cut(string text, int length)
    {
        var cut = text.Length <= length ? text : string.Concat(text.AsSpan(0, length), "…");
        return cut.AsSpan().IndexOfAnyInRange('\0', '\x1f') < 0 && cut.AsSpan().IndexOfAnyInRange('\x7f', '\x9f') < 0
            ? cut : string.Create(cut.Length, cut, static (span, source) =>
            {
                for (var i = 0; i < span.Length; i++)
                    span[i] = char.IsControl(source[i]) ? '?' : source[i];
            });
    }
}
