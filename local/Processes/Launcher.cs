using System.Diagnostics;

namespace Pbts.Local.Processes;

/// <summary>Starts and stops the processes of an instance.</summary>
/// <param name="instance">Where they are recorded.</param>
/// <param name="say">Told what happens, a line at a time.</param>
public sealed class Launcher(Instance instance, Action<string> say)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>What those that sign nothing are not told.</summary>
    private static readonly string[] ChainSecrets = ["RPC", "PK0", "FACTORY", "REPUTATION_ADDRESS", "Chain__Rpc", "Chain__PrivateKey"];

    /// <summary>Names of what was started here.</summary>
    public List<string> Started { get; } = [];

    /// <summary>
    /// Starts a program in a session of its own, so that no signal of the terminal reaches it, with its output in its log and
    /// its identity on record.
    /// </summary>
    /// <param name="name">Its name in the instance.</param>
    /// <param name="command">Program and arguments; every user of the machine sees them.</param>
    /// <param name="folder">Where it starts.</param>
    /// <param name="environment">What it is told beyond what we were, such as secrets.</param>
    public void Launch(string name, IReadOnlyList<string> command, string folder = "/", IReadOnlyDictionary<string, string>? environment = null)
    {
        // setsid and the shell are replaced by the program: the pid is the program's.
        var start = new ProcessStartInfo("setsid", ["sh", "-c", "log=$1; shift; exec \"$@\" </dev/null >>\"$log\" 2>&1", "sh", instance.LogOf(name), .. command])
        {
            WorkingDirectory = folder,
        };
        WithholdSecrets(name, start.Environment);
        foreach (var (variable, value) in environment ?? new Dictionary<string, string>())
            start.Environment[variable] = value;
        using var process = Process.Start(start)!;
        // The start time stays the same while it becomes the program.
        instance.Record(name, ProcessIdentity.Of(process.Id));
        Started.Add(name);
    }

    /// <summary>Takes the chain's key and what belongs to it from whoever signs nothing: all but nodes, silos and who keeps those running.</summary>
    internal static void WithholdSecrets(string name, IDictionary<string, string?> environment)
    {
        if (name == Instance.Keeper || name.StartsWith("node-", StringComparison.Ordinal) || name.StartsWith("silo-", StringComparison.Ordinal))
            return;
        foreach (var secret in ChainSecrets)
            environment.Remove(secret);
    }

    /// <summary>Sends a signal to a process that runs.</summary>
    public void Send(string name, Signal signal)
    {
        if (instance.PidOf(name) is { } pid)
            _ = Libc.Kill(pid, (int)signal);
    }

    /// <summary>Asks all to stop, waits for all, kills what is left, and forgets them.</summary>
    public async Task StopAsync(IReadOnlyCollection<string> names, Signal signal, TimeSpan patience)
    {
        foreach (var name in names)
            Send(name, signal);
        var waited = Stopwatch.StartNew();
        foreach (var name in names)
        {
            while (instance.PidOf(name) is not null && waited.Elapsed < patience)
                await Task.Delay(Pause);
            if (instance.PidOf(name) is not null)
            {
                say($"    {name} did not stop within {patience.TotalSeconds:0} s: killed");
                for (Send(name, Signal.Kill); instance.PidOf(name) is not null;)
                    await Task.Delay(Pause);
            }

            KillOrphans(name);
            instance.Forget(name);
        }
    }

    /// <summary>
    /// Ends the children of a leader that was killed, as nginx's workers: they are in its process group, and while they live
    /// the kernel gives its pid to nobody else.
    /// </summary>
    public void KillOrphans(string name)
    {
        if (instance.IdentityOf(name) is { HasEndedHere: true } leader)
            _ = Libc.Kill(-leader.Pid, (int)Signal.Kill);
    }
}
