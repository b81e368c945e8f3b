using System.Text.RegularExpressions;
using Pbts.Local.Processes;

namespace Pbts.Local;

/// <summary>nginx before several front ends, which sends the announces of a swarm to the same of them.</summary>
public sealed partial class NginxProxy(Instance instance, Launcher launcher, Action<string> say)
{
    public const string Name = "proxy";

    private DateTime? _certificateWritten;

    /// <summary>Starts it, or has it read its configuration again: restarted front ends have new ports.</summary>
    internal void Start(IEnumerable<string> listen, IEnumerable<int> backends, ProxyTls? tls)
    {
        var (program, javaScript) = Installed.Nginx();
        if (javaScript is null)
            say("    nginx has no JavaScript module here: announces are routed by the info hash as it is written, which costs some a hop");
        var folder = Directory.CreateDirectory(Path.Combine(instance.Folder, "proxy")).FullName;
        var configuration = Write(folder, javaScript, listen, backends, tls: tls);
        if (instance.PidOf(Name) is not null)
        {
            launcher.Send(Name, Signal.Hangup);
            return;
        }

        say("==> Starting the proxy (nginx, hashing on info_hash)");
        launcher.Launch(Name, [program, "-p", folder, "-e", instance.LogOf(Name), "-c", configuration]);
    }

    /// <summary>Has it read its certificate again when that is another than at the last call, or at first than it was started with.</summary>
    internal void Renew(string certificate)
    {
        if (!File.Exists(certificate))
            return;
        using var file = File.OpenHandle(certificate);
        var written = File.GetLastWriteTimeUtc(file);
        if (_certificateWritten is { } before ? before != written : written > File.GetLastWriteTimeUtc(Path.Combine(instance.Folder, "proxy", "nginx.conf")))
            launcher.Send(Name, Signal.Hangup);
        _certificateWritten = written;
    }

    /// <summary>Writes the configuration, from <c>deploy/nginx.conf.in</c>, and gives its path.</summary>
    /// <param name="folder">The proxy's own.</param>
    /// <param name="javaScript">The module; null: announces are told apart by the info hash as it is written.</param>
    /// <param name="listen">Addresses, as nginx has them.</param>
    /// <param name="backends">Ports on loopback.</param>
    /// <param name="balance">How a front end is chosen.</param>
    /// <param name="tls">HTTPS, if it serves that too.</param>
    internal static string Write(string folder, string? javaScript, IEnumerable<string> listen, IEnumerable<int> backends, string balance = "hash $route consistent;", ProxyTls? tls = null)
    {
        var deploy = Path.Combine(Clone.Root, "deploy");
        File.Copy(Path.Combine(deploy, "route.js"), Path.Combine(folder, "route.js"), overwrite: true);
        var text = File.ReadAllText(Path.Combine(deploy, "nginx.conf.in"));
        if (javaScript is null)
        {
            text = JavaScriptLines().Replace(text, "");
            text = text.Replace("js_set $route route.torrent;", "map $arg_info_hash $route { \"\" $request_id; default $arg_info_hash; }", StringComparison.Ordinal);
        }

        text = text.Replace("@JS@", javaScript, StringComparison.Ordinal).Replace("@DIR@", folder, StringComparison.Ordinal)
            .Replace("hash $route consistent;", balance, StringComparison.Ordinal)
            .Replace("@BACKENDS@", string.Join('\n', backends.Select(port => $"    server 127.0.0.1:{port} max_fails=1 fail_timeout=2s;")), StringComparison.Ordinal)
            .Replace("@LISTEN@", string.Join('\n', [.. listen.Select(address => $"    listen {Both(address)};"), .. TlsLines(tls)]), StringComparison.Ordinal);
        var file = Path.Combine(folder, "nginx.conf");
        File.WriteAllText(file, text);
        return file;
    }

    /// <summary>Every address means both families here, and IPv6 alone to nginx unless it is told.</summary>
    private static string Both(string address) => address.StartsWith("[::]:", StringComparison.Ordinal) ? $"{address} ipv6only=off" : address;

    private static IEnumerable<string> TlsLines(ProxyTls? tls) => tls is null ? [] :
    [
        .. tls.Listen.Select(address => $"    listen {Both(address)} ssl;"), $"    ssl_certificate {Path.GetFullPath(tls.Certificate)};", $"    ssl_certificate_key {Path.GetFullPath(tls.Key)};",
        "    ssl_protocols TLSv1.2 TLSv1.3;", "    ssl_session_cache shared:tls:10m;", "    ssl_session_timeout 1h;",
    ];

    [GeneratedRegex(@"^.*(load_module|js_path|js_import).*\n", RegexOptions.Multiline)]
    private static partial Regex JavaScriptLines();
}
