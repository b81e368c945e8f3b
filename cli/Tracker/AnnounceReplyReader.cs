using System.Buffers.Binary;
using System.Net;
using System.Text;
using Pbts.Protocol.Bencode;

namespace Pbts.Cli.Tracker;

/// <summary>Reads announce replies: compact peers (BEP 23, BEP 7) or dictionaries.</summary>
internal static class AnnounceReplyReader
{
    public static AnnounceReply Read(byte[] body)
    {
        var error = BencodeDocument.TryParse(body, BencodeLimits.Message, out var document);
        if (error != BencodeError.None || document!.Root.Kind != BencodeKind.Dictionary)
            return new AnnounceReply { Failure = "the tracker's answer is not bencoded" };
        var root = document.Root;
        var peers = new List<IPEndPoint>();
        if (root.TryGet("peers"u8, out var list))
            ReadPeers(list, 4, peers);
        if (root.TryGet("peers6"u8, out list))
            ReadPeers(list, 16, peers);
        return new AnnounceReply
        {
            Failure = Text(root, "failure reason"u8),
            Warning = Text(root, "warning message"u8),
            Interval = Seconds(root, "interval"u8, 1800),
            MinInterval = Seconds(root, "min interval"u8, 0),
            Seeders = root.TryGetNumber("complete"u8, out var complete) ? complete : 0,
            Leechers = root.TryGetNumber("incomplete"u8, out var incomplete) ? incomplete : 0,
            Peers = peers,
        };
    }

    private static void ReadPeers(BencodeElement list, int addressLength, List<IPEndPoint> peers)
    {
        if (list.TryGetBytes(out var compact))
        {
            for (; compact.Length >= addressLength + 2; compact = compact[(addressLength + 2)..])
                Add(new IPAddress(compact[..addressLength]), BinaryPrimitives.ReadUInt16BigEndian(compact[addressLength..]), peers);
            return;
        }
        foreach (var item in list.Items())
            if (item.TryGetBytes("ip"u8, out var ip) && item.TryGetNumber("port"u8, out var port)
                && IPAddress.TryParse(Encoding.UTF8.GetString(ip), out var address))
                Add(address, port, peers);
    }

    private static void Add(IPAddress address, long port, List<IPEndPoint> peers)
    {
        if (port is > 0 and <= 65535)
            peers.Add(new IPEndPoint(address, (int)port));
    }

    private static string? Text(BencodeElement root, ReadOnlySpan<byte> key) =>
        root.TryGetBytes(key, out var text) ? Encoding.UTF8.GetString(text) : null;

    private static int Seconds(BencodeElement root, ReadOnlySpan<byte> key, int otherwise) =>
        root.TryGetNumber(key, out var seconds) && seconds is > 0 and <= 86400 ? (int)seconds : otherwise;
}
