using System.ComponentModel;
using System.Diagnostics;
using Pbts.Local.Processes;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Clients;

/// <summary>
/// A real torrent client as a child process, on loopback or in a network namespace, that knows peers from the tracker alone: DHT, peer
/// exchange and local discovery are off.
/// </summary>
internal sealed class TorrentClient : IAsyncDisposable
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
        AppDomain.CurrentDomain.ProcessExit += (_, _) => _process.Send(Signal.Kill);
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

    /// <summary>Starts a client of the named kind: <c>aria2</c>, <c>transmission</c>, <c>qbittorrent</c>, <c>libtorrent</c> or <c>deluge</c>.</summary>
    /// <param name="seeds">Whether it has the file already.</param>
    /// <param name="ipv6">Whether it uses <c>[::1]</c>; else 127.0.0.1.</param>
    /// <param name="host">Where it runs; on loopback of this machine when <c>null</c>.</param>
    /// <param name="limit">KiB it downloads in a second at most.</param>
    /// <param name="listen">Where it listens, and calls from; by default the address of where it runs.</param>
    /// <param name="authority">File with the certificate of whom it trusts to name trackers (aria2 and libtorrent); by default those of the system.</param>
    public static TorrentClient Start(
        string kind, TestTorrent torrent, bool seeds, bool ipv6 = false, TestNetwork.Host? host = null, int? limit = null, string? listen = null, string? authority = null)
    {
        var address = listen ?? host?.Address ?? (ipv6 ? "::1" : "127.0.0.1");
        var home = Path.Combine(torrent.Folder, $"{kind}-{Guid.NewGuid():N}"[..20]);
        var downloads = Directory.CreateDirectory(Path.Combine(home, "downloads")).FullName;
        if (seeds)
            torrent.WriteContentTo(downloads);
        var controlPort = Ports.Free();
        var (start, package) = kind switch
        {
            "aria2" => (ClientCommands.Aria2(torrent, downloads, seeds, Ports.Free(), limit), "aria2"),
            "transmission" => (ClientCommands.Transmission(torrent, home, downloads, Ports.Free(), controlPort, limit, listen ?? host?.Address ?? "127.0.0.1"), "transmission-daemon"),
            "qbittorrent" => (ClientCommands.QBittorrent(torrent, home, downloads, address, Ports.Free(), controlPort, limit), "qbittorrent-nox"),
            "libtorrent" => (ClientCommands.Libtorrent(torrent, home, downloads, address, Ports.Free(), limit), "python3-libtorrent"),
            "deluge" => (ClientCommands.Deluge(home, downloads, Ports.Free(), controlPort, limit), "deluged"),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a client the tests know."),
        };
        if (authority is not null && kind == "aria2")
            start.ArgumentList.Insert(0, $"--ca-certificate={authority}");
        else if (authority is not null)
            start.Environment["SSL_CERT_FILE"] = authority;
        var client = new TorrentClient(torrent, downloads, host?.Inside(start) ?? start, package, controlPort);
        if (kind == "deluge")
            client.AddByConsole(home);
        return client;
    }

    /// <summary>Starts libtorrent again, after it was killed, with what it had got.</summary>
    public TorrentClient Again(int? limit = null) =>
        new(_torrent, _downloads, ClientCommands.Libtorrent(_torrent, Path.GetDirectoryName(_downloads)!, _downloads, "127.0.0.1", Ports.Free(), limit), "python3-libtorrent", _controlPort);

    /// <summary>Deluge's daemon is told by its console, once it listens.</summary>
    private void AddByConsole(string home)
    {
        for (var tries = 1; ; tries++)
        {
            using var console = Start(new ProcessStartInfo("deluge-console", ["--config", Path.Combine(home, "deluge"), $"connect 127.0.0.1:{_controlPort}; add {_torrent.MetaInfoPath}; exit"])
            {
                RedirectStandardOutput = true, RedirectStandardError = true,
            }, "deluge-console");
            var said = console.StandardOutput.ReadToEnd() + console.StandardError.ReadToEnd();
            console.WaitForExit();
            if (said.Contains("Torrent added", StringComparison.Ordinal))
                return;
            Assert.True(tries < 30, $"deluge-console could not add the torrent: {said}\n{Log}");
            Thread.Sleep(500);
        }
    }

    /// <summary>Ends it at once (SIGKILL).</summary>
    public async Task KillAsync()
    {
        _process.Send(Signal.Kill);
        await _process.WaitForExitAsync();
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
        _process.Send(_process.StartInfo.FileName == "aria2c" ? Signal.Interrupt : Signal.Terminate);
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
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

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_log)
            _log.Add(line.Data ?? "");
    }
}
