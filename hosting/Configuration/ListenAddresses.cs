using System.Net;
using Microsoft.Extensions.Options;

namespace Pbts.Hosting.Configuration;

/// <summary>Reads lists of listening addresses such as <c>http://127.0.0.1:8000;http://[::1]:8000</c>.</summary>
public static class ListenAddresses
{
    /// <summary>The endpoints in <paramref name="text"/>; <c>localhost</c> is both loopback addresses.</summary>
    /// <param name="scheme">The scheme every address must have.</param>
    /// <returns>Null, or what is wrong.</returns>
    public static string? TryParse(string text, string scheme, out IReadOnlyList<IPEndPoint> endpoints)
    {
        ArgumentNullException.ThrowIfNull(text);
        var found = new List<IPEndPoint>();
        endpoints = found;
        foreach (var part in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!Uri.TryCreate(part, UriKind.Absolute, out var url) || url.Scheme != scheme || url.Port < 0)
                return $"has \"{part}\": give addresses such as {scheme}://127.0.0.1:8000, separated by semicolons.";
            if (url.Host == "localhost")
                found.AddRange([new IPEndPoint(IPAddress.Loopback, url.Port), new IPEndPoint(IPAddress.IPv6Loopback, url.Port)]);
            else if (IPAddress.TryParse(url.Host, out var address))
                found.Add(new IPEndPoint(address, url.Port));
            else
                return $"has host \"{url.Host}\": give an IP address or localhost.";
        }

        return null;
    }

    /// <summary>The endpoints that a setting names.</summary>
    /// <param name="text">Its value.</param>
    /// <param name="setting">Its name, for the operator.</param>
    /// <exception cref="OptionsValidationException">It cannot be read.</exception>
    public static IReadOnlyList<IPEndPoint> Parse(string text, string setting) =>
        TryParse(text, "http", out var endpoints) is { } error ? throw new OptionsValidationException(nameof(NodeOptions), typeof(NodeOptions), [$"{setting} {error}"]) : endpoints;
}
