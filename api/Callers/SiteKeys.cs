using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Pbts.Hosting.Configuration;

namespace Pbts.Api.Callers;

/// <summary>Whose language a site's software speaks to its tracker.</summary>
internal enum SiteDialect
{
    /// <summary>UNIT3D's, to its external announce service.</summary>
    Unit3d,

    /// <summary>Gazelle's, to Ocelot.</summary>
    Ocelot,
}

/// <summary>Marks endpoints that a site's software calls with the key of its dialect as <c>{key}</c> in the path.</summary>
/// <param name="Dialect">The dialect.</param>
internal sealed record SpokenBySite(SiteDialect Dialect);

/// <summary>The keys by which the software of a site is known. They are in paths and never passkeys.</summary>
internal sealed class SiteKeys(IOptions<SiteOptions> options)
{
    private readonly byte[] _unit3d = Hash(options.Value.Unit3dKey);
    private readonly byte[] _ocelot = Hash(options.Value.OcelotKey);

    /// <summary>Whether a dialect is spoken here.</summary>
    public bool Speaks(SiteDialect dialect) => (dialect == SiteDialect.Unit3d ? options.Value.Unit3dKey : options.Value.OcelotKey).Length > 0;

    /// <summary>Whether the caller of such an endpoint has its key.</summary>
    public bool Knows(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<SpokenBySite>() is { } spoken && Speaks(spoken.Dialect) && context.Request.RouteValues["key"] is string given
        && Is(spoken.Dialect == SiteDialect.Unit3d ? _unit3d : _ocelot, given);

    /// <summary>Whether it is a key of a site, which no member may have as its passkey.</summary>
    public bool IsKey(string text) => (Speaks(SiteDialect.Unit3d) && Is(_unit3d, text)) || (Speaks(SiteDialect.Ocelot) && Is(_ocelot, text));

    /// <summary>Hashes have one length, so the comparison takes the same time for every guess.</summary>
    private static bool Is(byte[] key, string given) => CryptographicOperations.FixedTimeEquals(Hash(given), key);

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
