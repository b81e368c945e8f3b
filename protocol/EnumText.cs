using System.Text.Json;

namespace Pbts.Protocol;

/// <summary>The texts of enumerations in SQL, JSON and settings: the names of their members in kebab case, which are public thereby.</summary>
public static class EnumText
{
    /// <summary>The text of a member.</summary>
    public static string ToText(this Enum value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
    }

    /// <summary>The member of a text; <c>false</c> for an unknown one.</summary>
    public static bool TryParse<T>(string? text, out T value)
        where T : struct, Enum
    {
        value = Array.Find(Enum.GetValues<T>(), member => member.ToText() == text);
        return value.ToText() == text;
    }

    /// <summary>The member of a text that this program has written or checked.</summary>
    /// <exception cref="FormatException">The text is of another program.</exception>
    public static T Parse<T>(string? text)
        where T : struct, Enum => TryParse(text, out T value) ? value : throw new FormatException($"\"{text}\" is no {typeof(T).Name}.");
}
