using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Pbts.Api.Connections;

/// <summary>
/// <c>https://</c> addresses. The HTTP server serves them from the first byte, announces too, so they count among the
/// connections that it may have, and each address within its own bound, before anything is spent on a handshake.
/// </summary>
internal static class TlsListener
{
    /// <param name="handshake">How long a client may take for its part of it.</param>
    public static void UseTls(this ListenOptions listen, IServiceProvider services, TimeSpan handshake)
    {
        var certificates = services.GetRequiredService<TlsCertificates>();
        // A silo by itself serves no clients.
        if (services.GetServices<IConnectionListenerFactory>().OfType<TrackerTransport>().SingleOrDefault() is { } transport)
        {
            transport.Watch();
            listen.Use(next => connection => BoundAsync(transport, connection, next));
        }

        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            HandshakeTimeout = handshake,
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = certificates.Current }),
        });
    }

    private static async Task BoundAsync(TrackerTransport transport, ConnectionContext connection, ConnectionDelegate next)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (!transport.Enters(address, out var refusal))
        {
            transport.Count(refusal);
            connection.Abort();
            return;
        }

        if (!transport.HandsOver(address))
        {
            connection.Abort();
            return;
        }

        try
        {
            await next(connection);
        }
        finally
        {
            transport.LeftHttpServer(address);
        }
    }
}
