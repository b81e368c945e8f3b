using System.Globalization;
using System.Text;

namespace Pbts.Protocol.Receipts;

/// <summary>A member's name: 1 to 64 visible characters without <c>/</c>, not dots alone, which no URL can carry. The bytes are compared as they are, never normalised.</summary>
public readonly record struct UserId
{
    /// <summary>Most characters (Unicode scalar values).</summary>
    public const int MaxCharacters = 64;

    private readonly string? _text;

    private UserId(string text) => _text = text;

    /// <summary>Takes a text that keeps the rules.</summary>
    public static bool TryParse(string? text, out UserId value)
    {
        value = default;
        if (string.IsNullOrEmpty(text) || text.Length > MaxCharacters * 2)
            return false;
        if (!text.AsSpan().ContainsAnyExcept('.'))
            return false;
        var count = 0;
        for (var i = 0; i < text.Length; count++)
        {
            // A lone surrogate has no UTF-8 form.
            if (!Rune.TryGetRuneAt(text, i, out var rune) || rune.Value == '/' || !IsVisible(rune))
                return false;
            i += rune.Utf16SequenceLength;
        }
        if (count > MaxCharacters)
            return false;
        value = new UserId(text);
        return true;
    }

    /// <summary>The text; empty in a default value.</summary>
    public override string ToString() => _text ?? "";

    private static bool IsVisible(Rune rune) => Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);
}
