namespace Pbts.Cli.Chain;

/// <summary>A <c>.env</c> file: NAME=VALUE lines, read as text and never run as a script.</summary>
internal sealed class EnvFile
{
    private readonly string _path;
    private readonly List<string> _lines;

    private EnvFile(string path, List<string> lines)
    {
        _path = path;
        _lines = lines;
    }

    /// <summary>Reads a file; one that does not exist is empty.</summary>
    public static EnvFile Read(string path) => new(path, File.Exists(path) ? [.. File.ReadAllLines(path)] : []);

    /// <summary>The value of the first line that sets <paramref name="name"/>, without quotes around it; null when there is none.</summary>
    public string? this[string name]
    {
        get
        {
            var line = _lines.Find(line => IsOf(line, name));
            var value = line?[(line.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim();
            return value is ['"', .., '"'] or ['\'', .., '\''] ? value[1..^1] : value;
        }
    }

    /// <summary>Sets a value in its line, or at the end, and drops further lines of the name. The file is replaced as a whole.</summary>
    public void Write(string name, string value)
    {
        var line = $"{name}={value}";
        var at = _lines.FindIndex(old => IsOf(old, name));
        if (at < 0)
        {
            _lines.Add(line);
        }
        else
        {
            _lines[at] = line;
            for (var i = _lines.Count - 1; i > at; i--)
                if (IsOf(_lines[i], name))
                    _lines.RemoveAt(i);
        }
        // The file holds a private key: nobody else may read it at any moment.
        var temporary = _path + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = File.Exists(_path) ? File.GetUnixFileMode(_path) : UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(temporary, options))
        using (var writer = new StreamWriter(stream))
            foreach (var text in _lines)
                writer.WriteLine(text);
        File.Move(temporary, _path, overwrite: true);
    }

    private static bool IsOf(string line, string name)
    {
        var text = line.AsSpan().TrimStart();
        if (text.StartsWith("export ", StringComparison.Ordinal))
            text = text["export ".Length..].TrimStart();
        return text.StartsWith(name, StringComparison.Ordinal) && text[name.Length..].TrimStart() is ['=', ..];
    }
}
