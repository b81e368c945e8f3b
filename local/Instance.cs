using System.Globalization;
using Pbts.Local.Processes;

namespace Pbts.Local;

/// <summary>
/// One tracker of this machine and all that belongs to it, as its data folder has it: settings in <c>instance</c>, processes
/// in <c>run/NAME.pid</c>, their logs in <c>logs/NAME.log</c>.
/// </summary>
public sealed class Instance
{
    /// <summary>Keeps the others running; no part of the tracker, so its file is hidden.</summary>
    public const string Keeper = ".keeper";

    private readonly string _settings;

    public Instance(string folder)
    {
        Folder = Path.GetFullPath(folder);
        _settings = Path.Combine(Folder, "instance");
    }

    public string Folder { get; }

    public string Logs => Path.Combine(Folder, "logs");

    public string TokenFile => Path.Combine(Folder, "admin-token");

    /// <summary>Processes that were started and not stopped, by name, whether they still run or not.</summary>
    public IReadOnlyList<string> Recorded =>
        Directory.Exists(Run) ? [.. Directory.GetFiles(Run, "*.pid").Select(file => Path.GetFileNameWithoutExtension(file)).Where(name => name[0] != '.').Order(StringComparer.Ordinal)] : [];

    private string Run => Path.Combine(Folder, "run");

    /// <summary>The value of a setting; null when it has none.</summary>
    public string? this[string setting]
    {
        get => Settings().FirstOrDefault(line => line.Name == setting).Value is { Length: > 0 } value ? value : null;
        set
        {
            // Beside it and over it: whoever reads meanwhile reads all of one or the other.
            var lines = Settings().Where(line => line.Name != setting).Append((Name: setting, Value: value ?? "")).Select(line => $"{line.Name}={line.Value}");
            var written = $"{_settings}.{Environment.ProcessId}";
            using (var file = new StreamWriter(written, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
                foreach (var line in lines)
                    file.WriteLine(line);
            }

            File.Move(written, _settings, overwrite: true);
        }
    }

    public int Number(string setting) => int.TryParse(this[setting], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    public string LogOf(string name) => Path.Combine(Logs, $"{name.TrimStart('.')}.log");

    /// <summary>Makes the folders.</summary>
    /// <exception cref="LocalException">They cannot be made.</exception>
    public void Create()
    {
        try
        {
            Directory.CreateDirectory(Run);
            Directory.CreateDirectory(Logs);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LocalException($"cannot create {Folder}: {e.Message}", e);
        }
    }

    /// <summary>Waits until no other command is at work here; none is, until what this gives is disposed.</summary>
    public async Task<IDisposable> LockAsync()
    {
        for (var told = false; ; await Task.Delay(100))
        {
            if (TryLock() is { } held)
                return held;
            if (!told)
                Console.WriteLine($"Another ./pbts is at work in {Folder}; waiting for it");
            told = true;
        }
    }

    /// <summary>The same without waiting: null when another command is at work.</summary>
    public IDisposable? TryLock()
    {
        try
        {
            // .NET's sharing mode is flock(2).
            return new FileStream(Path.Combine(Folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The pid of the very process that was recorded, while it runs.</summary>
    public int? PidOf(string name) => IdentityOf(name) is { IsAlive: true } identity ? identity.Pid : null;

    public bool IsRecorded(string name) => File.Exists(PidFile(name));

    public void Record(string name, ProcessIdentity identity) => File.WriteAllText(PidFile(name), $"{identity}\n");

    public void Forget(string name) => File.Delete(PidFile(name));

    public ProcessIdentity? IdentityOf(string name)
    {
        try
        {
            return ProcessIdentity.TryParse(File.ReadAllText(PidFile(name)));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The port that a setting names, unless somebody has it now; else a free one, kept from now on.</summary>
    public int KeptPort(string setting)
    {
        if (Number(setting) is > 0 and var kept && !Ports.IsBusy(kept))
            return kept;
        var port = Ports.Free();
        this[setting] = Ports.Text(port);
        return port;
    }

    private string PidFile(string name) => Path.Combine(Run, $"{name}.pid");

    private List<(string Name, string Value)> Settings() => File.Exists(_settings)
        ? [.. File.ReadLines(_settings).Select(line => line.Split('=', 2)).Where(parts => parts.Length == 2).Select(parts => (parts[0], parts[1]))] : [];
}
