using System.Diagnostics;

namespace Pbts.Local.Processes;

/// <summary>Signals to processes of one's own.</summary>
public static class ProcessSignals
{
    /// <summary>Sends a signal to a process that still runs; one that has ended, or was disposed, gets none.</summary>
    public static void Send(this Process process, Signal signal)
    {
        ArgumentNullException.ThrowIfNull(process);
        try
        {
            if (!process.HasExited)
                _ = Libc.Kill(process.Id, (int)signal);
        }
        catch (InvalidOperationException)
        {
            // Already disposed.
        }
    }

    /// <summary>Sends it to a process and all its children, as PostgreSQL's.</summary>
    public static void SendToFamily(this Process process, Signal signal)
    {
        ArgumentNullException.ThrowIfNull(process);
        process.Send(signal);
        foreach (var child in Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)))
        {
            // The fourth field is the parent; the second, the name, may hold anything but ends at the last parenthesis.
            var stat = File.Exists($"/proc/{child}/stat") ? File.ReadAllText($"/proc/{child}/stat") : "";
            if (stat.LastIndexOf(')') is > 0 and var end && stat[(end + 2)..].Split(' ')[1] == $"{process.Id}")
                _ = Libc.Kill(int.Parse(child!), (int)signal);
        }
    }
}
