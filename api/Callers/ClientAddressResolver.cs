using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Options;
using Pbts.Hosting.Configuration;

namespace Pbts.Api.Callers;

/// <summary>
/// Decides whose request this is: the socket's address, unless the socket is a trusted proxy, whose
/// <c>X-Forwarded-For</c> (last address not itself trusted) or <c>X-Real-IP</c> is then believed. A proxy that names its
/// client in a way that cannot be read has its requests refused: its own address would be published as everybody's.
/// </summary>
internal sealed partial class ClientAddressResolver
{
    /// <summary>Said to clients of a proxy that does not say who they are.</summary>
    public const string Unreadable = "the proxy before this tracker sends an X-Forwarded-For or X-Real-IP that is no address: tell the tracker's operator";

    private const int MaxLogged = 100;
    private static readonly TimeSpan WarnEvery = TimeSpan.FromMinutes(1);

    private readonly IPNetwork[] _trusted;
    private readonly ILogger _logger;
    private readonly Repeats _unreadable;

    public ClientAddressResolver(IOptions<TrackerOptions> options, TimeProvider time, ILogger<ClientAddressResolver> logger)
    {
        _trusted = [.. options.Value.TrustedProxies.Select(text => IPNetwork.TryParse(text, out var network)
            ? network : new IPNetwork(IPAddress.Parse(text), IPAddress.Parse(text).AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32))];
        _logger = logger;
        _unreadable = new(WarnEvery, time);
    }

    /// <summary>The client of a request that <see cref="ClientAddressMiddleware"/> let through.</summary>
    public IPAddress Resolve(HttpContext context) => TryResolve(context) ?? throw new BadHttpRequestException(Unreadable);

    /// <summary>Null when a trusted proxy names the client in a way that cannot be read.</summary>
    public IPAddress? TryResolve(HttpContext context)
    {
        var socket = context.Connection.RemoteIpAddress ?? IPAddress.Loopback;
        var headers = context.Request.Headers;
        return _trusted.Length == 0 ? Unmap(socket)
            : TryResolve(socket, Encoding.Latin1.GetBytes(headers["X-Forwarded-For"].ToString()), Encoding.Latin1.GetBytes(headers["X-Real-IP"].ToString()));
    }

    /// <summary>Null when a trusted proxy names the client in a way that cannot be read.</summary>
    public IPAddress? TryResolve(IPAddress socket, ReadOnlySpan<byte> forwardedFor, ReadOnlySpan<byte> realIp)
    {
        socket = Unmap(socket);
        if (_trusted.Length == 0 || !IsTrusted(socket))
            return socket;

        IPAddress? furthest = null;
        for (var rest = forwardedFor; rest.Length > 0;)
        {
            var comma = rest.LastIndexOf((byte)',');
            var element = rest[(comma + 1)..].Trim(" \t"u8);
            rest = comma < 0 ? [] : rest[..comma];
            if (element.IsEmpty)
                continue;
            if (!TryParse(element, out furthest))
                return Refuse(socket, forwardedFor);
            if (!IsTrusted(furthest))
                return furthest;
        }

        realIp = realIp.Trim(" \t"u8);
        return realIp.IsEmpty ? furthest ?? socket : TryParse(realIp, out var real) ? real : Refuse(socket, realIp);
    }

    /// <summary>How the client came: <c>https</c> also when a trusted proxy says so (<c>X-Forwarded-Proto</c>).</summary>
    public string SchemeOf(HttpContext context) =>
        context.Request.Headers["X-Forwarded-Proto"] == "https" && IsTrusted(context.Connection.RemoteIpAddress ?? IPAddress.Loopback) ? "https" : context.Request.Scheme;

    /// <summary>Whether the address is a proxy's that carries others' requests.</summary>
    public bool IsTrusted(IPAddress address)
    {
        address = Unmap(address);
        foreach (var network in _trusted)
        {
            if (network.Contains(address))
                return true;
        }

        return false;
    }

    /// <summary>An address as proxies write it: bare, in quotes, in brackets, with a port.</summary>
    private static bool TryParse(ReadOnlySpan<byte> text, out IPAddress address)
    {
        address = IPAddress.None;
        if (text.Length >= 2 && text[0] == '"' && text[^1] == '"')
            text = text[1..^1].Trim(" \t"u8);
        if (text.Length is 0 or > 64)
            return false;
        var colon = text.LastIndexOf((byte)':');
        if (text[0] == '[')
        {
            var end = text.IndexOf((byte)']');
            if (end < 0 || (end + 1 < text.Length && !IsPort(text[(end + 1)..])))
                return false;
            text = text[1..end];
        }
        else if (colon >= 0 && text.IndexOf((byte)':') == colon)
        {
            if (!IsPort(text[colon..]))
                return false;
            text = text[..colon];
        }

        // IPAddress also reads 1, 0x7f.1 and the like, which no proxy writes.
        if ((text.IndexOf((byte)':') < 0 && text.Count((byte)'.') != 3) || !IPAddress.TryParse(text, out var parsed))
            return false;
        address = Unmap(parsed);
        return true;
    }

    private static bool IsPort(ReadOnlySpan<byte> text) => text.Length is >= 2 and <= 6 && text[0] == ':' && !text[1..].ContainsAnyExceptInRange((byte)'0', (byte)'9');

    private IPAddress? Refuse(IPAddress proxy, ReadOnlySpan<byte> value)
    {
        if (_unreadable.IsDue(out var since))
            LogUnreadable(proxy, Printable.Cut(Encoding.Latin1.GetString(value), MaxLogged), since);
        return null;
    }

    private static IPAddress Unmap(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    [LoggerMessage(LogLevel.Warning, "The proxy {Proxy} sends {Value} as its client's address, which cannot be read: such requests are refused ({Since} since this was last said)")]
    private partial void LogUnreadable(IPAddress proxy, string value, long since);
}
