using System.Buffers.Binary;
using System.Net;
using System.Text;
using Pbts.Protocol.Bencode;

namespace Pbts.Peer.Tracker;

/// <summary>Reads announce replies: compact peers (BEP 23, BEP 7) or dictionaries.</summary>
internal static class AnnounceReplyReader
{
    /// <param name="body">The answer's body.</param>
    /// <param name="status">Its HTTP status; a failure may come with any.</param>
    public static AnnounceReply Read(byte[] body, int status = 200)
    {
        var error = BencodeDocument.TryParse(body, BencodeLimits.Reply, out var document);
        if (error != BencodeError.None || document!.Root.Kind != BencodeKind.Dictionary)
            return new AnnounceReply
            {
                Failure = status is >= 200 and < 300 ? "the tracker's answer is not bencoded" : $"the tracker answered {status}",
                IsFinal = FinalRefusals.IsFinal(status),
                Interval = status >= 500 ? 60 : 1800,
            };
        var root = document.Root;
        var peers = new List<IPEndPoint>();
        if (root.TryGet("peers"u8, out var list))
            ReadPeers(list, 4, peers);
        if (root.TryGet("peers6"u8, out list))
            ReadPeers(list, 16, peers);
        var failure = Text(root, "failure reason"u8);
        return new AnnounceReply
        {
            Failure = failure,
            IsFinal = failure is not null && IsFinal(root, failure, status),
            Warning = Text(root, "warning message"u8),
            Interval = Seconds(root, "interval"u8, 1800),
            MinInterval = Seconds(root, "min interval"u8, 0),
            Seeders = root.TryGetNumber("complete"u8, out var complete) ? complete : 0,
            Leechers = root.TryGetNumber("incomplete"u8, out var incomplete) ? incomplete : 0,
            Peers = peers,
        };
    }

    /// <summary>Peers as BEP 23 and BEP 7 pack them.</summary>
    public static void ReadCompact(ReadOnlySpan<byte> compact, int addressLength, List<IPEndPoint> peers)
    {
        for (; compact.Length >= addressLength + 2; compact = compact[(addressLength + 2)..])
            Add(new IPAddress(compact[..addressLength]), BinaryPrimitives.ReadUInt16BigEndian(compact[addressLength..]), peers);
    }

    /// <summary>A time that can be waited for, or <paramref name="otherwise"/>.</summary>
    public static int Seconds(long seconds, int otherwise) => seconds is > 0 and <= 86400 ? (int)seconds : otherwise;

    /// <summary>BEP 31: a tracker that says when to come back, or never, knows best.</summary>
    private static bool IsFinal(BencodeElement root, string failure, int status)
    {
        if (!root.TryGet("retry in"u8, out var retry))
            return FinalRefusals.IsFinal(failure) || FinalRefusals.IsFinal(status);
        return retry.TryGetBytes(out var text) && text.SequenceEqual("never"u8);
    }

    private static void ReadPeers(BencodeElement list, int addressLength, List<IPEndPoint> peers)
    {
        if (list.TryGetBytes(out var compact))
        {
            ReadCompact(compact, addressLength, peers);
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
        root.TryGetNumber(key, out var seconds) ? Seconds(seconds, otherwise) : otherwise;
}
