using System.Diagnostics;
using System.Net;

namespace Pbts.Tracker.Tests.Support;

/// <summary>The networks every machine of a <see cref="NetworkLab"/> is on.</summary>
internal enum LabNetwork
{
    /// <summary>Between the silos.</summary>
    Cluster,

    /// <summary>From the silos to the database.</summary>
    Database,

    /// <summary>From clients, which are the tests, to the trackers.</summary>
    Clients,
}

/// <summary>
/// Machines on networks of their own, whose cables can be pulled: a network namespace for each machine, a bridge for each
/// network, a veth pair between the two. The tests themselves are at host 254 of each network. Gone when disposed.
/// </summary>
internal sealed class NetworkLab : IDisposable
{
    private readonly string _tag = Guid.NewGuid().ToString("N")[..5];
    private readonly int _machines;

    // 10.100.0.0 to 10.249.0.0, of which each network takes a /24.
    private readonly int _second = 100 + (Environment.ProcessId % 150);

    public NetworkLab(int machines)
    {
        if (!Environment.IsPrivilegedProcess)
            throw new InvalidOperationException("Tests that cut networks make network namespaces, which needs root: run them as root.");
        _machines = machines;
        try
        {
            foreach (var network in Enum.GetValues<LabNetwork>())
            {
                Run("link", "add", Bridge(network), "type", "bridge");
                Run("address", "add", $"{Address(network, 254)}/24", "dev", Bridge(network));
                Run("link", "set", Bridge(network), "up");
            }

            for (var machine = 1; machine <= machines; machine++)
                AddMachine(machine);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The program that makes networks.</summary>
    public static string Ip { get; } = Array.Find(["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"], File.Exists)
        ?? throw new InvalidOperationException("These tests need ip (Debian: iproute2). Run them with ./pbts test, which installs it.");

    /// <summary>Name of a machine's network namespace; machines count from 1.</summary>
    public string Machine(int machine) => $"pbts-{_tag}-{machine}";

    public IPAddress Address(LabNetwork network, int host) => new([10, (byte)_second, (byte)network, (byte)host]);

    /// <summary>Pulls the machine's cable to each of these networks.</summary>
    public void Cut(int machine, params LabNetwork[] networks)
    {
        foreach (var network in networks)
            Run("link", "set", Cable(network, machine), "down");
    }

    /// <summary>Plugs it in again.</summary>
    public void Mend(int machine, params LabNetwork[] networks)
    {
        foreach (var network in networks)
            Run("link", "set", Cable(network, machine), "up");
    }

    public void Dispose()
    {
        // A pair's end here goes with the namespace its other end is in. What was never made cannot be removed.
        for (var machine = 1; machine <= _machines; machine++)
            TryRun(out _, "netns", "delete", Machine(machine));
        foreach (var network in Enum.GetValues<LabNetwork>())
            TryRun(out _, "link", "delete", Bridge(network));
    }

    private string Bridge(LabNetwork network) => $"pb{_tag}{(int)network}";

    private string Cable(LabNetwork network, int machine) => $"pb{_tag}{(int)network}-{machine}";

    private void AddMachine(int machine)
    {
        Run("netns", "add", Machine(machine));
        Run("-n", Machine(machine), "link", "set", "lo", "up");
        foreach (var network in Enum.GetValues<LabNetwork>())
        {
            var inside = $"eth{(int)network}";
            Run("link", "add", Cable(network, machine), "type", "veth", "peer", "name", inside, "netns", Machine(machine));
            Run("link", "set", Cable(network, machine), "master", Bridge(network), "up");
            Run("-n", Machine(machine), "address", "add", $"{Address(network, machine)}/24", "dev", inside);
            Run("-n", Machine(machine), "link", "set", inside, "up");
        }
    }

    private static void Run(params string[] arguments)
    {
        if (!TryRun(out var errors, arguments))
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {errors}");
    }

    private static bool TryRun(out string errors, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Ip, arguments) { RedirectStandardError = true })!;
        errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
