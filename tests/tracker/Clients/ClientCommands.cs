using System.Diagnostics;

namespace Pbts.Tracker.Tests.Clients;

/// <summary>How each client is started: in the foreground, the torrent added, nothing read from the user's own settings.</summary>
internal static class ClientCommands
{
    public static ProcessStartInfo Aria2(TestTorrent torrent, string downloads, bool seeds, int port) => new("aria2c",
    [
        "--no-conf", $"--dir={downloads}", $"--listen-port={port}", "--file-allocation=none", $"--check-integrity={(seeds ? "true" : "false")}",
        "--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false", "--enable-peer-exchange=false", "--follow-torrent=false",
        "--seed-ratio=0.0", "--seed-time=60", "--show-console-readout=false", "--summary-interval=0",
        torrent.MetaInfoPath,
    ]);

    /// <summary>Torrents are added from a watched folder. The remote control listens on loopback, without a password.</summary>
    public static ProcessStartInfo Transmission(TestTorrent torrent, string home, string downloads, int port, int rpcPort, string address = "127.0.0.1")
    {
        var watched = Directory.CreateDirectory(Path.Combine(home, "watched")).FullName;
        File.Copy(torrent.MetaInfoPath, Path.Combine(watched, "payload.torrent"));
        File.WriteAllText(Path.Combine(home, "settings.json"), $$"""
            {
                "bind-address-ipv4": "{{address}}", "bind-address-ipv6": "::1", "peer-port": {{port}}, "port-forwarding-enabled": false,
                "rpc-bind-address": "127.0.0.1", "rpc-port": {{rpcPort}}, "rpc-authentication-required": false,
                "dht-enabled": false, "pex-enabled": false, "lpd-enabled": false, "utp-enabled": false,
                "download-dir": "{{downloads}}", "watch-dir": "{{watched}}", "watch-dir-enabled": true
            }
            """);
        return new ProcessStartInfo("transmission-daemon", ["--foreground", "--log-info", "--config-dir", home]);
    }

    /// <summary>All clients of a test share one address, which libtorrent takes for one peer unless told otherwise.</summary>
    public static ProcessStartInfo QBittorrent(TestTorrent torrent, string home, string downloads, string address, int port, int webPort)
    {
        var settings = Directory.CreateDirectory(Path.Combine(home, "qBittorrent", "config")).FullName;
        File.WriteAllText(Path.Combine(settings, "qBittorrent.conf"), $"""
            [LegalNotice]
            Accepted=true
            [BitTorrent]
            Session\InterfaceAddress={address}
            Session\Port={port}
            Session\MultiConnectionsPerIp=true
            Session\DHTEnabled=false
            Session\PeXEnabled=false
            Session\LSDEnabled=false
            Session\BTProtocol=TCP
            Session\QueueingSystemEnabled=false
            Session\DefaultSavePath={downloads}
            [Network]
            PortForwardingEnabled=false
            [Preferences]
            Connection\ResolvePeerCountries=false
            WebUI\Address=127.0.0.1
            WebUI\Port={webPort}
            """);
        return new ProcessStartInfo("qbittorrent-nox", [$"--profile={home}", $"--save-path={downloads}", "--skip-dialog=true", torrent.MetaInfoPath]);
    }
}
