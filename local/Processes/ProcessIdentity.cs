using System.Globalization;

namespace Pbts.Local.Processes;

/// <summary>
/// What tells a process from a later one with its pid: the pid, when it started (field 22 of its stat, proc(5)), and the boot
/// of the machine.
/// </summary>
public readonly record struct ProcessIdentity(int Pid, string Start, string Boot)
{
    private static readonly string ThisBoot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>Whether this very process still runs.</summary>
    public bool IsAlive => Boot == ThisBoot && Start.Length > 0 && StartOf(Pid) == Start;

    /// <summary>Whether it ran since the machine started, and runs no more: what it has left behind is still in its process group.</summary>
    public bool HasEndedHere => Boot == ThisBoot && StartOf(Pid) is null;

    public static ProcessIdentity Of(int pid) => new(pid, StartOf(pid) ?? "", ThisBoot);

    public static ProcessIdentity? TryParse(string text)
    {
        var parts = text.Split(' ', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return parts.Length == 3 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? new(pid, parts[1], parts[2]) : null;
    }

    public override string ToString() => $"{Pid} {Start} {Boot}";

    /// <summary>Null when there is no such process, or only its remains.</summary>
    private static string? StartOf(int pid)
    {
        try
        {
            // The second field, the name, may hold anything but ends at the last parenthesis.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : fields[19];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
