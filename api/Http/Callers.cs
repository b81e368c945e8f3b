using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Pbts.Api.Http;

/// <summary>Tells whether a request comes from this machine, without a proxy or a web page in between.</summary>
internal static class Callers
{
    private static readonly string[] ForwardingHeaders =
    [
        "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server",
        "X-Forwarded-By", "X-Forwarded", "X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "X-Original-Forwarded-For",
        "True-Client-IP", "CF-Connecting-IP", "Fastly-Client-IP", "X-Envoy-External-Address",
    ];

    /// <summary>
    /// The socket is a loopback one, no header says that somebody else is behind it, and it is no browser acting for a
    /// foreign page: a page of another origin, or one whose host name was made to point here.
    /// </summary>
    public static bool IsLoopback(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)
        && !Array.Exists(ForwardingHeaders, context.Request.Headers.ContainsKey)
        && (context.Request.Host.Host is "localhost" or "" || IsAddress(context.Request.Host.Host, out _))
        && context.Request.Headers.Origin.All(origin => Uri.TryCreate(origin, UriKind.Absolute, out var page) && IsHere(page.Host));

    /// <summary>A page's host may be an address too, of any machine.</summary>
    private static bool IsHere(string host) => host is "localhost" || (IsAddress(host, out var address) && IPAddress.IsLoopback(address));

    private static bool IsAddress(string host, [NotNullWhen(true)] out IPAddress? address) => IPAddress.TryParse(host.Trim('[', ']'), out address);
}
