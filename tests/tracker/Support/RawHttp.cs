using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pbts.Tracker.Tests.Support;

/// <summary>Sends exactly the bytes given and reads the whole answer, as no HTTP library would let a test do.</summary>
internal static class RawHttp
{
    /// <summary>Sends <paramref name="request"/> and reads until the server closes or, with <paramref name="oneResponse"/>, one response is complete.</summary>
    public static async Task<byte[]> ExchangeAsync(IPEndPoint server, byte[] request, bool oneResponse = false, IPAddress? from = null)
    {
        using var client = new TcpClient(server.AddressFamily);
        if (from is not null)
            client.Client.Bind(new IPEndPoint(from, 0));
        await client.ConnectAsync(server);
        var stream = client.GetStream();
        await stream.WriteAsync(request);
        var received = new List<byte>();
        var buffer = new byte[64 * 1024];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!oneResponse || !IsComplete(received))
        {
            var count = await stream.ReadAsync(buffer, limit.Token);
            if (count == 0)
                break;
            received.AddRange(buffer[..count]);
        }

        return [.. received];
    }

    /// <summary>GETs a raw target with <c>Connection: close</c> and returns the body.</summary>
    public static async Task<byte[]> GetBodyAsync(IPEndPoint server, byte[] target, string headers = "", IPAddress? from = null)
    {
        var response = await ExchangeAsync(server, [.. "GET "u8, .. target, .. Encoding.ASCII.GetBytes($" HTTP/1.1\r\nHost: t\r\n{headers}Connection: close\r\n\r\n")], from: from);
        return BodyOf(response);
    }

    public static byte[] BodyOf(byte[] response)
    {
        var end = response.AsSpan().IndexOf("\r\n\r\n"u8);
        Assert.True(end > 0, $"No HTTP response: {Encoding.Latin1.GetString(response)}");
        var body = response[(end + 4)..];
        return Encoding.ASCII.GetString(response, 0, end).Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase) ? Unchunked(body) : body;
    }

    /// <summary>The content of a chunked body (RFC 9112 section 7.1).</summary>
    private static byte[] Unchunked(ReadOnlySpan<byte> body)
    {
        var content = new List<byte>();
        while (true)
        {
            var line = body.IndexOf("\r\n"u8);
            var size = int.Parse(Encoding.ASCII.GetString(body[..line]), System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture);
            if (size == 0)
                return [.. content];
            content.AddRange(body.Slice(line + 2, size));
            body = body[(line + 2 + size + 2)..];
        }
    }

    private static bool IsComplete(List<byte> received)
    {
        var bytes = received.ToArray();
        var end = bytes.AsSpan().IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return false;
        var head = Encoding.ASCII.GetString(bytes, 0, end);
        var length = head.Split("\r\n").Single(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))[15..];
        return bytes.Length >= end + 4 + int.Parse(length, System.Globalization.CultureInfo.InvariantCulture);
    }
}
