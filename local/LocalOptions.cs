using System.Globalization;

namespace Pbts.Local;

/// <summary>Options of the commands for a tracker on this machine.</summary>
public sealed record LocalOptions
{
    private const int MostProcesses = 64;

    private static readonly string[] WithValue = ["--port", "--host", "--https", "--data", "--silos", "--apis", "--clone"];

    public int Port { get; private init; } = 8000;

    /// <summary>Port of HTTPS, which takes the host's addresses for itself; 0: none.</summary>
    public int Https { get; private init; }

    public string Host { get; private init; } = "127.0.0.1";

    public string Data { get; private init; } = ".pbts";

    public int Silos { get; private init; }

    public int Apis { get; private init; }

    public bool Chain { get; private init; } = true;

    public bool Detach { get; private init; }

    public bool Json { get; private init; }

    /// <summary>The clone whose programs are to run from now on; null: the same as before.</summary>
    public string? OfClone { get; private init; }

    /// <exception cref="LocalException">One is unknown or has a wrong value.</exception>
    public static LocalOptions Parse(IEnumerable<string> arguments)
    {
        var options = new LocalOptions();
        // --name=value is --name value.
        var rest = new Queue<string>(arguments.SelectMany(argument =>
            argument.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && WithValue.Contains(argument[..at]) ? [argument[..at], argument[(at + 1)..]] : (string[])[argument]));
        while (rest.TryDequeue(out var name))
        {
            if (WithValue.Contains(name))
                options = options.With(name, rest.TryDequeue(out var value) && value.Length > 0 ? value : throw new LocalException($"{name} needs a value"));
            else
                options = options.With(name);
        }

        CheckFolder(options.Data, "--data: no spaces, quotes, ; or | in the folder's name, please");
        options = options with { Data = Path.GetFullPath(options.Data) };
        CheckFolder(options.Data, $"--data: the folder's path has a space, quote, ; or |: {options.Data}");
        return options;
    }

    private LocalOptions With(string name) => name switch
    {
        "--no-chain" => this with { Chain = false },
        "--detach" or "-d" => this with { Detach = true },
        "--json" => this with { Json = true },
        _ => throw new LocalException($"unknown option {name} (./pbts help lists them)"),
    };

    private LocalOptions With(string name, string value) => name switch
    {
        "--port" => this with { Port = Number(name, value, ushort.MaxValue) },
        "--https" => this with { Https = Number(name, value, ushort.MaxValue) },
        "--silos" => this with { Silos = Number(name, value, MostProcesses) },
        "--apis" => this with { Apis = Number(name, value, MostProcesses) },
        "--host" => this with { Host = Address(value) },
        "--clone" => this with { OfClone = Clone.Built(name, value) },
        _ => this with { Data = value },
    };

    private static int Number(string name, string value, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most
            ? number : throw new LocalException($"{name} must be a number from 1 to {most}, not {value}");

    private static string Address(string value)
    {
        var host = value.TrimStart('[').TrimEnd(']');
        return host.All(letter => char.IsAsciiLetterOrDigit(letter) || ".:*_-".Contains(letter, StringComparison.Ordinal)) ? host : throw new LocalException($"--host: not an address: {host}");
    }

    private static void CheckFolder(string folder, string problem)
    {
        if (folder.Any(letter => char.IsWhiteSpace(letter) || ";|'\"".Contains(letter, StringComparison.Ordinal)))
            throw new LocalException(problem);
    }
}
