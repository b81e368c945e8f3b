using System.Net;
using System.Text;
using Pbts.Protocol.Bencode;

namespace Pbts.Tracker.Tests.Support;

internal sealed record ScrapeEntry(long Complete, long Incomplete, long Downloaded, long Downloaders);

/// <summary>A tracker's answer, read by a strict parser: sorted keys, nothing left over.</summary>
internal sealed class TrackerReply
{
    private readonly BencodeElement _root;

    public TrackerReply(byte[] body)
    {
        Raw = Encoding.Latin1.GetString(body);
        var error = BencodeDocument.TryParse(body, BencodeLimits.Message, out var document);
        Assert.True(error == BencodeError.None, $"{error} in: {Raw}");
        _root = document!.Root;
    }

    public string Raw { get; }

    public string? Failure => Text("failure reason"u8);

    public string? Warning => Text("warning message"u8);

    public long Complete => Number("complete"u8);

    public long Incomplete => Number("incomplete"u8);

    public long Interval => Number("interval"u8);

    public bool Has(string key) => _root.TryGet(Encoding.ASCII.GetBytes(key), out _);

    public byte[] Bytes(string key) => _root.TryGetBytes(Encoding.ASCII.GetBytes(key), out var bytes) ? bytes.ToArray() : throw new KeyNotFoundException($"{key} in {Raw}");

    /// <summary>Peers of the compact forms, both families.</summary>
    public IPEndPoint[] Peers => [.. Compact("peers"u8, 4), .. Compact("peers6"u8, 16)];

    /// <summary>Peers of the dictionary form.</summary>
    public (string Ip, long Port, string? PeerId)[] PeerDictionaries =>
        _root.TryGet("peers"u8, out var list) && list.Kind == BencodeKind.List
            ? [.. list.Items().Select(peer => (
                peer.TryGetBytes("ip"u8, out var ip) ? Encoding.ASCII.GetString(ip) : "",
                peer.TryGetNumber("port"u8, out var port) ? port : 0,
                peer.TryGetBytes("peer id"u8, out var id) ? Encoding.Latin1.GetString(id) : null))]
            : throw new KeyNotFoundException($"no list of peers in {Raw}");

    public int ScrapeCount => _root.TryGet("files"u8, out var files) ? files.Entries().Count() : throw new KeyNotFoundException(Raw);

    public ScrapeEntry? Scrape(byte[] infoHash) =>
        _root.TryGet("files"u8, out var files) && files.TryGet(infoHash, out var file)
            && file.TryGetNumber("complete"u8, out var complete) && file.TryGetNumber("incomplete"u8, out var incomplete)
            && file.TryGetNumber("downloaded"u8, out var downloaded) && file.TryGetNumber("downloaders"u8, out var downloaders)
            ? new ScrapeEntry(complete, incomplete, downloaded, downloaders) : null;

    private IEnumerable<IPEndPoint> Compact(ReadOnlySpan<byte> key, int addressLength)
    {
        var peers = new List<IPEndPoint>();
        if (_root.TryGetBytes(key, out var bytes))
        {
            Assert.Equal(0, bytes.Length % (addressLength + 2));
            for (; bytes.Length > 0; bytes = bytes[(addressLength + 2)..])
                peers.Add(new IPEndPoint(new IPAddress(bytes[..addressLength]), (bytes[addressLength] << 8) | bytes[addressLength + 1]));
        }

        return peers;
    }

    private string? Text(ReadOnlySpan<byte> key) => _root.TryGetBytes(key, out var bytes) ? Encoding.UTF8.GetString(bytes) : null;

    private long Number(ReadOnlySpan<byte> key) => _root.TryGetNumber(key, out var number) ? number : throw new KeyNotFoundException($"{Encoding.ASCII.GetString(key)} in {Raw}");
}
