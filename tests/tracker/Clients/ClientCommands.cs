using System.Diagnostics;

namespace Pbts.Tracker.Tests.Clients;

/// <summary>How each client is started: in the foreground, the torrent added, nothing read from the user's own settings.</summary>
internal static class ClientCommands
{
    public static ProcessStartInfo Aria2(TestTorrent torrent, string downloads, bool seeds, int port, int? limit) => new("aria2c",
    [
        "--no-conf", $"--dir={downloads}", $"--listen-port={port}", "--file-allocation=none", $"--check-integrity={(seeds ? "true" : "false")}",
        "--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false", "--enable-peer-exchange=false", "--follow-torrent=false",
        "--seed-ratio=0.0", "--seed-time=60", $"--max-overall-download-limit={limit ?? 0}K", "--show-console-readout=false", "--summary-interval=0",
        torrent.MetaInfoPath,
    ]);

    /// <summary>Torrents are added from a watched folder. The remote control listens on loopback, without a password.</summary>
    public static ProcessStartInfo Transmission(TestTorrent torrent, string home, string downloads, int port, int rpcPort, int? limit, string address = "127.0.0.1")
    {
        var watched = Directory.CreateDirectory(Path.Combine(home, "watched")).FullName;
        File.Copy(torrent.MetaInfoPath, Path.Combine(watched, "payload.torrent"));
        File.WriteAllText(Path.Combine(home, "settings.json"), $$"""
            {
                "bind-address-ipv4": "{{address}}", "bind-address-ipv6": "{{(address == "0.0.0.0" ? "::" : "::1")}}", "peer-port": {{port}}, "port-forwarding-enabled": false,
                "rpc-bind-address": "127.0.0.1", "rpc-port": {{rpcPort}}, "rpc-authentication-required": false,
                "speed-limit-down": {{limit ?? 0}}, "speed-limit-down-enabled": {{(limit is null ? "false" : "true")}},
                "dht-enabled": false, "pex-enabled": false, "lpd-enabled": false, "utp-enabled": false,
                "download-dir": "{{downloads}}", "watch-dir": "{{watched}}", "watch-dir-enabled": true
            }
            """);
        return new ProcessStartInfo("transmission-daemon", ["--foreground", "--log-info", "--config-dir", home]);
    }

    /// <summary>All clients of a test share one address, which libtorrent takes for one peer unless told otherwise.</summary>
    public static ProcessStartInfo QBittorrent(TestTorrent torrent, string home, string downloads, string address, int port, int webPort, int? limit)
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
            Session\GlobalDLSpeedLimit={limit ?? 0}
            [Network]
            PortForwardingEnabled=false
            [Preferences]
            Connection\ResolvePeerCountries=false
            WebUI\Address=127.0.0.1
            WebUI\Port={webPort}
            """);
        return new ProcessStartInfo("qbittorrent-nox", [$"--profile={home}", $"--save-path={downloads}", "--skip-dialog=true", torrent.MetaInfoPath]);
    }

    /// <summary>The library behind most clients, with Debian's own Python. One connection an address, as it is by default.</summary>
    public static ProcessStartInfo Libtorrent(TestTorrent torrent, string home, string downloads, string address, int port, int? limit)
    {
        var script = Path.Combine(home, "client.py");
        File.WriteAllText(script, """
            import signal, sys, time
            import libtorrent as lt

            torrent, downloads, listen, limit = sys.argv[1:]
            session = lt.session({
                "listen_interfaces": listen, "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
                "enable_incoming_utp": False, "enable_outgoing_utp": False, "allow_multiple_connections_per_ip": False,
                # Soon again at a peer that was killed.
                "min_reconnect_time": 1,
                "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.tracker_notification,
            })
            # Peers of its own machine have no limits otherwise.
            local = session.get_peer_class(lt.session.local_peer_class_id)
            local["download_limit"] = int(limit) * 1024
            session.set_peer_class(lt.session.local_peer_class_id, local)
            session.add_torrent({"ti": lt.torrent_info(torrent), "save_path": downloads})
            going = True

            def leave(*_):
                global going
                going = False

            signal.signal(signal.SIGTERM, leave)
            while going:
                time.sleep(0.2)
                for alert in session.pop_alerts():
                    print(alert, flush=True)
            session.pause()
            time.sleep(2)
            """);
        return new ProcessStartInfo("/usr/bin/python3", [script, torrent.MetaInfoPath, downloads, $"{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{port}", $"{limit ?? 0}"]);
    }

    /// <summary>Deluge's daemon, which its console then gives the torrent.</summary>
    public static ProcessStartInfo Deluge(string home, string downloads, int port, int daemonPort, int? limit)
    {
        var settings = Directory.CreateDirectory(Path.Combine(home, "deluge")).FullName;
        File.WriteAllText(Path.Combine(settings, "core.conf"), $$"""
            {"file": 1, "format": 1}{
                "daemon_port": {{daemonPort}}, "allow_remote": false, "download_location": "{{downloads}}",
                "listen_ports": [{{port}}, {{port}}], "random_port": false, "listen_interface": "127.0.0.1", "outgoing_interface": "",
                "dht": false, "upnp": false, "natpmp": false, "utpex": false, "lsd": false, "new_release_check": false,
                "max_download_speed": {{limit ?? -1}}.0, "enc_in_policy": 1, "enc_out_policy": 1
            }
            """);
        return new ProcessStartInfo("deluged", ["--do-not-daemonize", "--config", settings, "--port", $"{daemonPort}", "--ui-interface", "127.0.0.1", "--loglevel", "info"]);
    }
}
