using System.Net;
using Microsoft.Extensions.Options;

namespace Pbts.Hosting.Configuration;

/// <summary>Reads lists of listening addresses such as <c>http://127.0.0.1:8000;https://[::]:8443</c>.</summary>
public static class ListenAddresses
{
    /// <summary>What the tracker listens for.</summary>
    public static readonly string[] Web = ["http", "https"];

    /// <summary>The addresses in <paramref name="text"/>; <c>localhost</c> is both loopback addresses.</summary>
    /// <param name="schemes">The schemes that an address may have.</param>
    /// <returns>Null, or what is wrong.</returns>
    public static string? TryParse(string text, string[] schemes, out IReadOnlyList<ListenAddress> addresses)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(schemes);
        var found = new List<ListenAddress>();
        addresses = found;
        foreach (var part in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!Uri.TryCreate(part, UriKind.Absolute, out var url) || !schemes.Contains(url.Scheme) || url.Port < 0)
                return $"has \"{part}\": give addresses such as {schemes[0]}://127.0.0.1:8000, separated by semicolons.";
            if (url.Host == "localhost")
                found.AddRange(((IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback]).Select(loopback => new ListenAddress(url.Scheme, new(loopback, url.Port))));
            else if (IPAddress.TryParse(url.Host, out var address))
                found.Add(new(url.Scheme, new(address, url.Port)));
            else
                return $"has host \"{url.Host}\": give an IP address or localhost.";
        }

        return null;
    }

    /// <summary>The addresses that a setting names.</summary>
    /// <param name="text">Its value.</param>
    /// <param name="setting">Its name, for the operator.</param>
    /// <param name="schemes">The schemes that an address may have.</param>
    /// <exception cref="OptionsValidationException">It cannot be read.</exception>
    public static IReadOnlyList<ListenAddress> Parse(string text, string setting, params string[] schemes) =>
        TryParse(text, schemes, out var addresses) is { } error ? throw new OptionsValidationException(nameof(NodeOptions), typeof(NodeOptions), [$"{setting} {error}"]) : addresses;
}
