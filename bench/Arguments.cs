using System.Globalization;
using Pbts.Local;

namespace Pbts.Bench;

/// <summary>The options of a benchmark: <c>--name value</c>, or <c>--name</c> alone for those that have none.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values = [];

    /// <param name="words">What was written.</param>
    /// <param name="known">The options there are, as <c>--name</c>; those without a value as <c>--name!</c>.</param>
    /// <exception cref="LocalException">One is unknown or has no value.</exception>
    public static Arguments Parse(ReadOnlySpan<string> words, params string[] known)
    {
        var arguments = new Arguments();
        for (var i = 0; i < words.Length; i++)
        {
            if (known.Contains($"{words[i]}!"))
                arguments._values[words[i]] = "yes";
            else if (!known.Contains(words[i]))
                throw new LocalException($"unknown option {words[i]} (there are {string.Join(", ", known.Select(name => name.TrimEnd('!')))})");
            else if (i + 1 == words.Length)
                throw new LocalException($"{words[i]} needs a value");
            else
                arguments._values[words[i]] = words[++i];
        }

        return arguments;
    }

    /// <summary>The same with one more, which was not written.</summary>
    public Arguments With(string name, string value)
    {
        _values[name] = value;
        return this;
    }

    public bool Has(string name) => _values.ContainsKey(name);

    public string Text(string name, string otherwise) => _values.GetValueOrDefault(name, otherwise);

    /// <exception cref="LocalException">It is no number.</exception>
    public int Number(string name, int otherwise) => !_values.TryGetValue(name, out var text) ? otherwise
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new LocalException($"{name} must be a number, not {text}");
}
