using System.Diagnostics.CodeAnalysis;
using System.Net;
using Microsoft.AspNetCore.Connections.Features;

namespace Pbts.Api.Callers;

/// <summary>
/// Tells whether a request comes from a program of the tracker's own user (or of root) on this machine. A loopback address
/// alone says little: a proxy, other users and the pages in a browser have it too.
/// </summary>
internal static class LocalCallers
{
    /// <summary>What proxies add, beside everything that has "forwarded" in its name.</summary>
    private static readonly string[] Forwarding =
    [
        "Via", "X-Real-", "X-Client-", "X-Cluster-", "X-Original-", "X-Remote-", "X-ProxyUser-", "X-Envoy-", "X-Request-Start", "X-Varnish",
        "Client-IP", "True-Client", "CF-", "Fastly-", "Fly-", "Akamai-", "X-Azure-", "X-Amzn-", "X-Appengine-", "WL-Proxy-", "Proxy-",
    ];

    private static readonly object Key = new();

    /// <summary>
    /// The peer's socket is one of this user's processes, no header says that somebody else is behind it, and it is no browser
    /// acting for a foreign page: a page of another origin (another port is another origin), or one whose host name was made
    /// to point here.
    /// </summary>
    public static bool IsOurs(HttpContext context)
    {
        var request = context.Request;
        return !request.Headers.Keys.Any(IsForwarding)
            && (request.Host.Host is "localhost" or "" || IsAddress(request.Host.Host, out _))
            && request.Headers.Origin.All(origin => Uri.TryCreate(origin, UriKind.Absolute, out var page) && string.Equals(page.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase))
            && IsOurProcess(context);
    }

    private static bool IsForwarding(string header) =>
        header.Contains("forwarded", StringComparison.OrdinalIgnoreCase) || Array.Exists(Forwarding, name => header.StartsWith(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Asked of the kernel once a connection.</summary>
    private static bool IsOurProcess(HttpContext context)
    {
        var connection = context.Connection;
        if (connection.RemoteIpAddress is not { } remote || connection.LocalIpAddress is not { } local || !IPAddress.IsLoopback(remote.IsIPv4MappedToIPv6 ? remote.MapToIPv4() : remote))
            return false;
        var items = context.Features.Get<IConnectionItemsFeature>()?.Items;
        if (items is not null && items.TryGetValue(Key, out var known))
            return known is true;
        var ours = PeerProcess.IsOurs(new(remote, connection.RemotePort), new(local, connection.LocalPort));
        items?.TryAdd(Key, ours);
        return ours;
    }

    private static bool IsAddress(string host, [NotNullWhen(true)] out IPAddress? address) => IPAddress.TryParse(host.Trim('[', ']'), out address);
}
