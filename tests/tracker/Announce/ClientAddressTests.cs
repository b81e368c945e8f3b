using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Pbts.Api.Announce;
using Pbts.Api.Callers;
using Pbts.Hosting.Configuration;

namespace Pbts.Tracker.Tests.Announce;

/// <summary>What proxies write of their clients, read; and what cannot be read is never the proxy.</summary>
public sealed class ClientAddressTests
{
    private readonly ClientAddressResolver _resolver = new(
        Options.Create(new TrackerOptions { TrustedProxies = { "127.0.0.2", "10.0.0.0/8" } }), TimeProvider.System, NullLogger<ClientAddressResolver>.Instance);

    [Theory]
    [InlineData("203.0.113.7", "203.0.113.7")]
    [InlineData("203.0.113.7:43462", "203.0.113.7")]
    [InlineData("\"203.0.113.7:43462\"", "203.0.113.7")]
    [InlineData("2001:db8::7", "2001:db8::7")]
    [InlineData("[2001:db8::7]", "2001:db8::7")]
    [InlineData("\"[2001:db8::7]:43462\"", "2001:db8::7")]
    [InlineData("::ffff:203.0.113.7", "203.0.113.7")]
    [InlineData("198.51.100.1,\t203.0.113.7\t", "203.0.113.7")]
    [InlineData("203.0.113.7, 10.1.2.3, , 10.1.2.4:1", "203.0.113.7")]
    [InlineData("unknown, 203.0.113.7", "203.0.113.7")]
    [InlineData("10.1.2.3, 10.1.2.4", "10.1.2.3")]
    [InlineData("", "127.0.0.2")]
    [InlineData("203.0.113.7, unknown", null)]
    [InlineData("_hidden", null)]
    [InlineData("for=203.0.113.7", null)]
    [InlineData("203.0.113.7:", null)]
    [InlineData("203.0.113.7:port", null)]
    [InlineData("[2001:db8::7", null)]
    [InlineData("[2001:db8::7]x", null)]
    [InlineData("12345", null)]
    [InlineData("\"", null)]
    public void X_forwarded_for_is_read_as_proxies_write_it(string header, string? client) =>
        Assert.Equal(client, _resolver.TryResolve(IPAddress.Parse("127.0.0.2"), Encoding.Latin1.GetBytes(header), [])?.ToString());

    [Theory]
    [InlineData(" 203.0.113.7:5\t", "203.0.113.7")]
    [InlineData("nobody", null)]
    public void X_real_ip_is_read_alike(string header, string? client) =>
        Assert.Equal(client, _resolver.TryResolve(IPAddress.Parse("127.0.0.2"), [], Encoding.Latin1.GetBytes(header))?.ToString());

    [Fact]
    public void Strangers_headers_are_not_even_looked_at() =>
        Assert.Equal(IPAddress.Loopback, _resolver.TryResolve(IPAddress.Loopback, "unknown"u8, "unknown"u8));

    [Fact]
    public void All_lines_of_the_header_count_and_too_many_cannot_be_read()
    {
        Assert.True(RequestHead.TryParse("GET / HTTP/1.1\r\nX-Forwarded-For: 203.0.113.7\r\nx-forwarded-for: 10.1.2.3\r\n\r\n"u8, out var head));
        Assert.Equal("203.0.113.7", _resolver.TryResolve(IPAddress.Parse("127.0.0.2"), head.ForwardedFor, [])?.ToString());
        var many = string.Concat(Enumerable.Repeat("X-Forwarded-For: 10.1.2.3\r\n", 100));
        Assert.True(RequestHead.TryParse(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\n{many}\r\n"), out head));
        Assert.Null(_resolver.TryResolve(IPAddress.Parse("127.0.0.2"), head.ForwardedFor, []));
    }
}
