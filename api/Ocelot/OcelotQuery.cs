using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Pbts.Api.Announce;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Ocelot;

/// <summary>The parameters of a call: percent-encoded bytes, as announces have them. The first that is wrong is in <see cref="Error"/>; after it the values are meaningless.</summary>
internal sealed class OcelotQuery
{
    private readonly Dictionary<string, byte[]> _values = new(StringComparer.Ordinal);

    public OcelotQuery(HttpContext context)
    {
        var target = Encoding.Latin1.GetBytes(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget).AsSpan();
        var reader = new QueryReader(target[(target.IndexOf((byte)'?') + 1)..]);
        while (reader.TryRead(out var name, out var value))
        {
            var bytes = new byte[value.Length];
            var key = Encoding.Latin1.GetString(name);
            if (PercentEncoding.TryDecode(value, bytes, out var length))
                _values[key] = bytes[..length];
            else
                Refuse(key, "has a broken escape");
        }
    }

    public string? Error { get; private set; }

    /// <summary>Bytes as they are; none where it is missing.</summary>
    public byte[] Bytes(string name) => _values.GetValueOrDefault(name) ?? [];

    /// <summary>Text; empty where it is missing.</summary>
    public string Text(string name) => Encoding.Latin1.GetString(Bytes(name));

    /// <summary>A number of the site's.</summary>
    public ulong Number(string name) =>
        int.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? (ulong)number : Refuse(name, $"must be a number from 0 to {int.MaxValue}");

    /// <summary>Infohashes one after the other, of 20 bytes each, at least one; each in hexadecimal digits.</summary>
    public IReadOnlyList<string> InfoHashes(string name, int most = int.MaxValue)
    {
        var bytes = Bytes(name);
        if (bytes.Length == 0 || bytes.Length % InfoHash.Length != 0 || bytes.Length / InfoHash.Length > most)
            Refuse(name, most == 1 ? $"must be {InfoHash.Length} bytes" : $"must be {InfoHash.Length} bytes each");
        return Error is null ? [.. bytes.Chunk(InfoHash.Length).Select(Convert.ToHexStringLower)] : [];
    }

    public string OneInfoHash(string name) => InfoHashes(name, most: 1) is [var hash] ? hash : "";

    /// <summary>Of how much is credited: all (0), nothing of a download (1), nothing at all (2).</summary>
    public (int Download, int Upload) Factors(string name) => Text(name) switch
    {
        "0" => (100, 100),
        "1" => (0, 100),
        "2" => (0, 0),
        _ => Refuse(name, "must be 0, 1 or 2") is 0 ? (100, 100) : default,
    };

    public ulong Refuse(string name, string problem)
    {
        Error ??= $"{name} {problem}";
        return 0;
    }
}
