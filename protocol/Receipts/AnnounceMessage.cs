using System.Text;

namespace Pbts.Protocol.Receipts;

/// <summary>The bytes a member signs to announce without a passkey: ASCII <c>announce</c>, the user id in UTF-8, the 20-byte infohash, the event's text.</summary>
public static class AnnounceMessage
{
    /// <summary>Builds the message.</summary>
    /// <param name="userId">The user id.</param>
    /// <param name="infoHash">The torrent.</param>
    /// <param name="announceEvent">The <c>event</c> parameter as sent; empty for a regular announce.</param>
    public static byte[] Build(string userId, InfoHash infoHash, string announceEvent)
    {
        ArgumentNullException.ThrowIfNull(userId);
        ArgumentNullException.ThrowIfNull(announceEvent);
        return [.. "announce"u8, .. Encoding.UTF8.GetBytes(userId), .. infoHash.Span, .. Encoding.UTF8.GetBytes(announceEvent)];
    }
}
