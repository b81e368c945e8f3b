using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Configuration;

namespace Pbts.Api.Announce;

/// <summary>
/// Decides whose request this is: the socket's address, unless the socket is a trusted proxy, whose
/// <c>X-Forwarded-For</c> (last address not itself trusted) or <c>X-Real-IP</c> is then believed.
/// </summary>
internal sealed class ClientAddressResolver
{
    private readonly IPNetwork[] _trusted;

    public ClientAddressResolver(IOptions<TrackerOptions> options)
    {
        _trusted = [.. options.Value.TrustedProxies.Select(text => IPNetwork.TryParse(text, out var network)
            ? network : new IPNetwork(IPAddress.Parse(text), IPAddress.Parse(text).AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32))];
    }

    public IPAddress Resolve(HttpContext context) => Resolve(
        context.Connection.RemoteIpAddress ?? IPAddress.Loopback,
        Encoding.Latin1.GetBytes(context.Request.Headers["X-Forwarded-For"].ToString()),
        Encoding.Latin1.GetBytes(context.Request.Headers["X-Real-IP"].ToString()));

    public IPAddress Resolve(IPAddress socket, ReadOnlySpan<byte> forwardedFor, ReadOnlySpan<byte> realIp)
    {
        socket = Unmap(socket);
        if (_trusted.Length == 0 || !IsTrusted(socket))
            return socket;

        for (var rest = forwardedFor; rest.Length > 0;)
        {
            var comma = rest.LastIndexOf((byte)',');
            if (!TryParse(rest[(comma + 1)..], out var address))
                return socket;
            if (!IsTrusted(address))
                return address;
            rest = comma < 0 ? [] : rest[..comma];
        }

        return TryParse(realIp, out var real) ? real : socket;
    }

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

    private static bool TryParse(ReadOnlySpan<byte> text, out IPAddress address)
    {
        address = IPAddress.None;
        text = text.Trim((byte)' ');
        if (text.Length is 0 or > 64 || !IPAddress.TryParse(Encoding.ASCII.GetString(text), out var parsed))
            return false;
        address = Unmap(parsed);
        return true;
    }

    private static IPAddress Unmap(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
