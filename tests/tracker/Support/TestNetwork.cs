using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Pbts.Tracker.Tests.Support;

/// <summary>
/// Two network namespaces joined by a cable, so that programs which refuse loopback addresses meet over others. Nothing
/// outside them sees the addresses; they are gone when it is disposed.
/// </summary>
internal sealed class TestNetwork : IDisposable
{
    private readonly string _name = $"pbts{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}x{Random.Shared.Next(1000)}";

    public TestNetwork()
    {
        Left = new Host($"{_name}a", "10.211.0.1");
        Right = new Host($"{_name}b", "10.211.0.2");
        Assert.True(Environment.IsPrivilegedProcess, "This test makes network namespaces, which takes root: run the tests as root.");
        Ip("netns", "add", Left.Namespace);
        Ip("netns", "add", Right.Namespace);
        Ip("link", "add", "cable", "netns", Left.Namespace, "type", "veth", "peer", "name", "cable", "netns", Right.Namespace);
        foreach (var host in new[] { Left, Right })
        {
            Ip("-n", host.Namespace, "addr", "add", $"{host.Address}/24", "dev", "cable");
            Ip("-n", host.Namespace, "link", "set", "cable", "up");
            Ip("-n", host.Namespace, "link", "set", "lo", "up");
        }
    }

    public Host Left { get; }

    public Host Right { get; }

    /// <summary>Makes a network a machine's own, as <c>ip route add local</c> does.</summary>
    public static void AddLocalRoute(Host host, string network) => Ip("-n", host.Namespace, "route", "add", "local", network, "dev", "lo");

    public void Dispose()
    {
        Ip("netns", "del", Left.Namespace);
        Ip("netns", "del", Right.Namespace);
    }

    private static void Ip(params string[] args)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("ip", args) { RedirectStandardError = true })!;
            var error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, $"ip {string.Join(' ', args)}: {error}");
        }
        catch (Win32Exception error)
        {
            throw new InvalidOperationException("This test needs ip (Debian package iproute2). ./pbts test installs it.", error);
        }
    }

    /// <summary>One end of the cable.</summary>
    /// <param name="Namespace">Its name.</param>
    /// <param name="Address">Its IPv4 address.</param>
    internal sealed record Host(string Namespace, string Address)
    {
        /// <summary>The same command, run on this host. The process id is the program's own.</summary>
        public ProcessStartInfo Inside(ProcessStartInfo start)
        {
            var inside = new ProcessStartInfo("ip", ["netns", "exec", Namespace, start.FileName, .. start.ArgumentList])
            {
                WorkingDirectory = start.WorkingDirectory,
                RedirectStandardOutput = start.RedirectStandardOutput,
                RedirectStandardError = start.RedirectStandardError,
                RedirectStandardInput = start.RedirectStandardInput,
            };
            inside.Environment.Clear();
            foreach (var (name, value) in start.Environment)
                inside.Environment[name] = value;
            return inside;
        }
    }
}
