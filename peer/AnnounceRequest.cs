using Pbts.Protocol.Receipts;

namespace Pbts.Peer;

/// <summary>One announce (BEP 3).</summary>
public sealed record AnnounceRequest
{
    /// <summary>The torrent.</summary>
    public required InfoHash InfoHash { get; init; }

    /// <summary>Who announces: 20 bytes.</summary>
    public required byte[] PeerId { get; init; }

    /// <summary>Where it listens.</summary>
    public required int Port { get; init; }

    /// <summary>Bytes sent, as it says itself.</summary>
    public long Uploaded { get; init; }

    /// <summary>Bytes received, as it says itself.</summary>
    public long Downloaded { get; init; }

    /// <summary>Bytes missing; 0 is a seeder.</summary>
    public long Left { get; init; }

    /// <summary><c>started</c>, <c>completed</c>, <c>stopped</c> or empty.</summary>
    public string Event { get; init; } = "";

    /// <summary>Most peers to be told of.</summary>
    public int NumWant { get; init; } = 50;
}
