using Pbts.Protocol.Receipts;

namespace Pbts.Peer;

/// <summary>One announce.</summary>
internal sealed record AnnounceRequest
{
    public required InfoHash InfoHash { get; init; }

    public required byte[] PeerId { get; init; }

    public required int Port { get; init; }

    public long Uploaded { get; init; }

    public long Downloaded { get; init; }

    public long Left { get; init; }

    /// <summary><c>started</c>, <c>completed</c>, <c>stopped</c> or empty.</summary>
    public string Event { get; init; } = "";

    public int NumWant { get; init; } = 50;
}
