using Pbts.Local.Processes;

namespace Pbts.Local;

/// <summary>What <c>--host</c> means: loopback and "every address" mean both families.</summary>
public static class ListenUrls
{
    private static readonly bool HasIpv6 = File.Exists("/proc/net/if_inet6") && File.ReadLines("/proc/net/if_inet6").Any();

    /// <summary>Addresses with the port, as in URLs.</summary>
    public static IReadOnlyList<string> Endpoints(string host, int port) => [.. Hosts(host).Select(address => $"{address}:{Ports.Text(port)}")];

    /// <summary>The same as the tracker takes them.</summary>
    public static string Of(string scheme, string host, int port) => string.Join(';', Endpoints(host, port).Select(endpoint => $"{scheme}://{endpoint}"));

    /// <summary>The address under which this machine itself reaches <paramref name="host"/>.</summary>
    public static string Reach(string host) => host switch
    {
        "0.0.0.0" or "*" or "localhost" => "127.0.0.1",
        "::" => "::1",
        _ => host,
    };

    private static string[] Hosts(string host) => host switch
    {
        "127.0.0.1" or "localhost" => HasIpv6 ? ["127.0.0.1", "[::1]"] : ["127.0.0.1"],
        "0.0.0.0" or "*" => HasIpv6 ? ["[::]"] : ["0.0.0.0"],
        _ => [host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host],
    };
}
