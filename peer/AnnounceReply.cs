using System.Net;

namespace Pbts.Peer;

/// <summary>A tracker's answer to an announce.</summary>
internal sealed record AnnounceReply
{
    /// <summary>Whether there was no answer at all.</summary>
    public bool IsUnreachable { get; init; }

    /// <summary>Why the tracker refused, or why it could not be asked; <c>null</c> when it answered.</summary>
    public string? Failure { get; init; }

    /// <summary>Whether the same announce will be refused again whenever it is made: the key, the account or the torrent is wrong.</summary>
    public bool IsFinal { get; init; }

    public string? Warning { get; init; }

    /// <summary>Seconds until the next announce.</summary>
    public int Interval { get; init; } = 1800;

    /// <summary>Seconds before which no further announce is welcome.</summary>
    public int MinInterval { get; init; }

    public long Seeders { get; init; }

    public long Leechers { get; init; }

    public IReadOnlyList<IPEndPoint> Peers { get; init; } = [];
}
