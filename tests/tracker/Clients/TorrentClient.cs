using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Clients;

/// <summary>
/// A real torrent client as a child process, on loopback or in a network namespace, that knows peers from the tracker alone: DHT, peer
/// exchange and local discovery are off.
/// </summary>
internal sealed partial class TorrentClient : IAsyncDisposable
{
    private readonly Process _process;
    private readonly List<string> _log = [];
    private readonly TestTorrent _torrent;
    private readonly string _downloads;
    private readonly int _controlPort;

    private TorrentClient(TestTorrent torrent, string downloads, ProcessStartInfo start, string package, int controlPort)
    {
        _torrent = torrent;
        _downloads = downloads;
        _controlPort = controlPort;
        start.RedirectStandardOutput = start.RedirectStandardError = start.RedirectStandardInput = true;
        start.Environment["HOME"] = Path.GetDirectoryName(downloads);
        foreach (var proxy in start.Environment.Keys.Where(name => name.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(proxy);
        _process = Start(start, package);
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Signal(9);
    }

    /// <summary>True when the client has the file, byte for byte.</summary>
    public bool IsComplete => _torrent.IsCompleteIn(_downloads);

    public bool HasExited => _process.HasExited;

    /// <summary>The end of what it says, and of its log files.</summary>
    public string Log
    {
        get
        {
            lock (_log)
                return string.Join('\n', _log.Concat(Directory.EnumerateFiles(Path.GetDirectoryName(_downloads)!, "*.log", SearchOption.AllDirectories).SelectMany(File.ReadLines)).TakeLast(80));
        }
    }

    /// <summary>Starts a client of the named kind: <c>aria2</c>, <c>transmission</c> or <c>qbittorrent</c>.</summary>
    /// <param name="seeds">Whether it has the file already.</param>
    /// <param name="ipv6">Whether it uses <c>[::1]</c>; else 127.0.0.1.</param>
    /// <param name="host">Where it runs; on loopback of this machine when <c>null</c>.</param>
    public static TorrentClient Start(string kind, TestTorrent torrent, bool seeds, bool ipv6, TestNetwork.Host? host = null)
    {
        var address = host?.Address ?? (ipv6 ? "::1" : "127.0.0.1");
        var home = Path.Combine(torrent.Folder, $"{kind}-{Guid.NewGuid():N}"[..20]);
        var downloads = Directory.CreateDirectory(Path.Combine(home, "downloads")).FullName;
        if (seeds)
            torrent.WriteContentTo(downloads);
        var controlPort = FreePort();
        var (start, package) = kind switch
        {
            "aria2" => (ClientCommands.Aria2(torrent, downloads, seeds, FreePort()), "aria2"),
            "transmission" => (ClientCommands.Transmission(torrent, home, downloads, FreePort(), controlPort, host?.Address ?? "127.0.0.1"), "transmission-daemon"),
            "qbittorrent" => (ClientCommands.QBittorrent(torrent, home, downloads, address, FreePort(), controlPort), "qbittorrent-nox"),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a client the tests know."),
        };
        return new TorrentClient(torrent, downloads, host?.Inside(start) ?? start, package, controlPort);
    }

    /// <summary>Leaves the swarm as the client's user would make it, so that it tells the tracker.</summary>
    public async Task LeaveAsync()
    {
        if (_process.StartInfo.FileName == "transmission-daemon")
        {
            // At the end of its process Transmission 3.00 announces nothing; stopping the torrent does.
            using var remote = Start(new ProcessStartInfo("transmission-remote", [$"{_controlPort}", "--torrent", "all", "--stop"]) { RedirectStandardOutput = true }, "transmission-cli");
            await remote.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
            Assert.Equal(0, remote.ExitCode);
            return;
        }

        // aria2 takes SIGTERM for an emergency, in which it tells nobody.
        Signal(_process.StartInfo.FileName == "aria2c" ? 2 : 15);
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        Signal(9);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static Process Start(ProcessStartInfo start, string package)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception error)
        {
            throw new InvalidOperationException($"This test needs {start.FileName} (Debian package {package}). ./pbts test installs it.", error);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_log)
            _log.Add(line.Data ?? "");
    }

    private void Signal(int signal)
    {
        try
        {
            if (!_process.HasExited)
                _ = Kill(_process.Id, signal);
        }
        catch (InvalidOperationException)
        {
            // Already disposed.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
