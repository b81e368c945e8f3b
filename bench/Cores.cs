using System.Diagnostics;
using System.Globalization;
using Pbts.Local;

namespace Pbts.Bench;

/// <summary>The server on core 0 and the load on core 1, so that neither takes from the other; and who used how much.</summary>
internal static class Cores
{
    /// <summary>Clock ticks a second, as /proc has them on Linux.</summary>
    public const double TicksPerSecond = 100;

    /// <exception cref="LocalException">There are too few.</exception>
    public static void NeedTwo()
    {
        if (Environment.ProcessorCount < 2)
            throw new LocalException($"the server and the load need a core each; this machine has {Environment.ProcessorCount}");
    }

    /// <summary>Keeps all threads of a process on cores.</summary>
    public static void Pin(int pid, string cores)
    {
        using var taskset = Process.Start(new ProcessStartInfo("taskset", ["-a", "-c", "-p", cores, $"{pid}"]) { RedirectStandardOutput = true })!;
        taskset.StandardOutput.ReadToEnd();
        taskset.WaitForExit();
    }

    /// <summary>Processor time of processes, in ticks (fields 14 and 15 of proc(5)'s stat).</summary>
    public static long Ticks(IEnumerable<int> pids) => pids.Sum(pid => Fields(pid.ToString(CultureInfo.InvariantCulture)) is var fields ? fields[11] + fields[12] : 0);

    /// <summary>The same of this program's children that have ended (fields 16 and 17).</summary>
    public static long ChildTicks() => Fields("self") is var fields ? fields[13] + fields[14] : 0;

    /// <summary>Ticks in which the machine was not idle.</summary>
    public static long BusyTicks()
    {
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(field => long.Parse(field, CultureInfo.InvariantCulture)).ToArray();
        return fields[0] + fields[1] + fields[2] + fields[5] + fields[6] + fields[7];
    }

    /// <summary>Memory in use by processes, in MiB.</summary>
    public static long ResidentMiB(IEnumerable<int> pids) => pids.Sum(pid => long.Parse(
        File.ReadLines($"/proc/{pid}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)) / 1024;

    private static long[] Fields(string process)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        return [.. stat[(stat.LastIndexOf(')') + 2)..].Split(' ').Select(field => long.TryParse(field, CultureInfo.InvariantCulture, out var number) ? number : 0)];
    }
}
