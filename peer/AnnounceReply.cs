using System.Net;

namespace Pbts.Peer;

/// <summary>A tracker's answer to an announce.</summary>
public sealed record AnnounceReply
{
    /// <summary>Whether there was no answer at all.</summary>
    public bool IsUnreachable { get; init; }

    /// <summary>Why the tracker refused, or why it could not be asked; <c>null</c> when it answered.</summary>
    public string? Failure { get; init; }

    /// <summary>Whether the same announce will be refused again whenever it is made: the key, the account or the torrent is wrong.</summary>
    public bool IsFinal { get; init; }

    /// <summary>What the tracker wants its user to read.</summary>
    public string? Warning { get; init; }

    /// <summary>Seconds until the next announce.</summary>
    public int Interval { get; init; } = 1800;

    /// <summary>Seconds before which no further announce is welcome.</summary>
    public int MinInterval { get; init; }

    /// <summary>Peers that have everything.</summary>
    public long Seeders { get; init; }

    /// <summary>Peers that have not.</summary>
    public long Leechers { get; init; }

    /// <summary>Peers to call.</summary>
    public IReadOnlyList<IPEndPoint> Peers { get; init; } = [];
}
