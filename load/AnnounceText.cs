using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Pbts.Load;

/// <summary>Writes announces as HTTP requests; torrent and peer are numbers.</summary>
public static class AnnounceText
{
    /// <summary>Most bytes one announce takes.</summary>
    public const int MaxLength = 384;

    private static readonly byte[] LowerHex = "0123456789abcdef"u8.ToArray();
    private static readonly byte[] UpperHex = "0123456789ABCDEF"u8.ToArray();

    /// <param name="numWant">Peers asked for.</param>
    /// <returns>Bytes written to <paramref name="target"/>.</returns>
    public static int Write(Span<byte> target, int torrent, int peer, int numWant, bool seeder, string announced = "", Escaping escaping = Escaping.EveryByte, string headers = "")
    {
        var length = WriteTorrent(target, "GET /announce?info_hash="u8, torrent, escaping);
        // A port of its own for each of the first 60,000 peers; the key tells the rest apart.
        var text = string.Create(CultureInfo.InvariantCulture,
            $"&peer_id=-BN0001-{peer:D12}&port={1024 + (peer % 60_000)}&uploaded=0&downloaded=0&left={(seeder ? 0 : 1)}&numwant={numWant}&compact=1&key={peer:x8}{announced} HTTP/1.1\r\nHost: t\r\n{headers}\r\n");
        return length + Encoding.ASCII.GetBytes(text, target[length..]);
    }

    /// <returns>Bytes of a scrape written to <paramref name="target"/>.</returns>
    public static int WriteScrape(Span<byte> target, int torrent, string headers = "")
    {
        var length = WriteTorrent(target, "GET /scrape?info_hash="u8, torrent, Escaping.EveryByte);
        return length + Encoding.ASCII.GetBytes($" HTTP/1.1\r\nHost: t\r\n{headers}\r\n", target[length..]);
    }

    private static int WriteTorrent(Span<byte> target, ReadOnlySpan<byte> start, int torrent, Escaping escaping)
    {
        Span<byte> number = stackalloc byte[4];
        Span<byte> hash = stackalloc byte[20];
        BinaryPrimitives.WriteInt32BigEndian(number, torrent);
        SHA1.HashData(number, hash);
        start.CopyTo(target);
        var length = start.Length;
        var hex = escaping == Escaping.ReservedUpper ? UpperHex : LowerHex;
        foreach (var value in hash)
        {
            if (escaping != Escaping.EveryByte && (char.IsAsciiLetterOrDigit((char)value) || "-_.~"u8.Contains(value)))
            {
                target[length++] = value;
                continue;
            }

            target[length++] = (byte)'%';
            target[length++] = hex[value >> 4];
            target[length++] = hex[value & 15];
        }

        return length;
    }
}
