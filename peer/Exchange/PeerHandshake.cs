using System.Security.Cryptography;
using Pbts.Protocol.Receipts;

namespace Pbts.Peer.Exchange;

/// <summary>The 68-byte handshake of BEP 3.</summary>
internal static class PeerHandshake
{
    public const int Length = 68;

    private static ReadOnlySpan<byte> Prefix => "\u0013BitTorrent protocol"u8;

    /// <summary>A name nobody has had.</summary>
    public static byte[] NewPeerId() => [.. "-PB0100-"u8, .. RandomNumberGenerator.GetHexString(12, lowercase: true).Select(c => (byte)c)];

    public static byte[] Build(InfoHash infoHash, ReadOnlySpan<byte> peerId)
    {
        var bytes = new byte[Length];
        Prefix.CopyTo(bytes);
        // Reserved byte 5, bit 0x10: the extension protocol of BEP 10.
        bytes[20 + 5] = 0x10;
        infoHash.Span.CopyTo(bytes.AsSpan(28));
        peerId.CopyTo(bytes.AsSpan(48));
        return bytes;
    }

    /// <summary>Reads a handshake; <c>false</c> for another protocol or another torrent.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, InfoHash infoHash, out byte[] peerId, out bool extended)
    {
        peerId = [];
        extended = false;
        if (bytes.Length != Length || !bytes.StartsWith(Prefix) || !bytes.Slice(28, InfoHash.Length).SequenceEqual(infoHash.Span))
            return false;
        extended = (bytes[20 + 5] & 0x10) != 0;
        peerId = bytes[48..].ToArray();
        return true;
    }
}
