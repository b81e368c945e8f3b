namespace Pbts.Peer;

/// <summary>How one torrent of a gate is.</summary>
public sealed record GateTorrentProgress
{
    /// <summary>In hexadecimal.</summary>
    public required string InfoHash { get; init; }

    /// <summary>Connections through the gate.</summary>
    public required int Peers { get; init; }

    /// <summary>Those of them on which vouchers are exchanged.</summary>
    public required int PbtsPeers { get; init; }

    /// <summary>Bytes the member has signed for.</summary>
    public required long SignedFor { get; init; }

    /// <summary>Senders who may not have the newest voucher for what they sent.</summary>
    public required int Undelivered { get; init; }

    /// <summary>Bytes that others have signed for.</summary>
    public required long Earned { get; init; }

    /// <summary>Bytes the tracker has credited.</summary>
    public required long Credited { get; init; }

    /// <summary>Sessions whose newest voucher the tracker has not decided on.</summary>
    public required int Waiting { get; init; }
}
