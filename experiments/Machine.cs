using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Pbts.Experiments;

/// <summary>Where it was measured.</summary>
/// <param name="Memory">GiB.</param>
/// <param name="Commit">The commit measured, with <c>+changes</c> when the tree differed from it; empty when unknown.</param>
/// <param name="LoadBefore">Load average (1 minute) when the run began: above the number of cores the figures are disturbed.</param>
/// <param name="Stolen">Percent of the processors' time that other guests of the same host had during the run; null when unknown.</param>
internal sealed record Machine(string Processor, int Cores, double Memory, string System, string Runtime, string Commit, double? LoadBefore, double? Stolen = null)
{
    /// <param name="load">The load average from before this program was started, when somebody looked.</param>
    public static Machine Read(double? load) => new(
        FirstField("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Environment.ProcessorCount,
        Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / Math.Pow(2, 30), 1),
        FirstField("/etc/os-release", "PRETTY_NAME")?.Trim('"') is { } name ? $"{name}, kernel {Environment.OSVersion.Version}" : RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription,
        ReadCommit(),
        load ?? (File.Exists("/proc/loadavg") ? double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture) : null));

    public bool WasDisturbed => LoadBefore > Cores || Stolen > 2;

    /// <summary>All of the processors' time until now, and how much of it was stolen; zeros where the system does not tell.</summary>
    public static (long All, long Stolen) ReadTime()
    {
        if (!File.Exists("/proc/stat"))
            return default;
        // user nice system idle iowait irq softirq steal; the guests' times behind are part of user and nice.
        var times = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9].Select(field => long.Parse(field, CultureInfo.InvariantCulture)).ToArray();
        return (times.Sum(), times[7]);
    }

    /// <summary>The same with what was stolen since then.</summary>
    public Machine Since((long All, long Stolen) then)
    {
        var now = ReadTime();
        return this with { Stolen = now.All > then.All ? 100.0 * (now.Stolen - then.Stolen) / (now.All - then.All) : null };
    }

    /// <summary>A line for each property.</summary>
    public IEnumerable<(string Name, string Value)> Lines()
    {
        yield return ("processor", $"{Processor}, {Cores} cores");
        yield return ("memory", $"{Format.Number(Memory)} GiB");
        yield return ("system", System);
        yield return ("runtime", Runtime);
        yield return ("commit", Commit.Length > 0 ? Commit : "unknown");
        yield return ("load before", LoadBefore is { } load
            ? $"{load.ToString("0.00", CultureInfo.InvariantCulture)}{(LoadBefore > Cores ? ": others kept the machine busy, measure again on a quiet one" : "")}" : "unknown");
        yield return ("stolen", Stolen is { } stolen ? $"{stolen.ToString("0.0", CultureInfo.InvariantCulture)} % of the processors' time, by other guests of the host" : "unknown");
    }

    private static string? FirstField(string file, string name) => !File.Exists(file) ? null
        : File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split([':', '='], 2)[^1].Trim();

    private static string ReadCommit()
    {
        var commit = Git("rev-parse", "--short=12", "HEAD");
        return commit.Length > 0 && Git("status", "--porcelain", "--untracked-files=no").Length > 0 ? commit + "+changes" : commit;
    }

    private static string Git(params string[] arguments)
    {
        try
        {
            // The program lies in the tree it was built from.
            var start = new ProcessStartInfo("git", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = AppContext.BaseDirectory };
            using var git = Process.Start(start)!;
            var text = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return git.ExitCode == 0 ? text : "";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "";
        }
    }
}
