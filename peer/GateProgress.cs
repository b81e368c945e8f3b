namespace Pbts.Peer;

/// <summary>How a gate is, as of one moment. Bytes count from its start, but for what was signed: that is of all time.</summary>
public sealed record GateProgress
{
    /// <summary>The torrents the client has announced.</summary>
    public required IReadOnlyList<Torrent> Torrents { get; init; }

    /// <summary>Connections that were refused or ended for what the peer did.</summary>
    public required long Refused { get; init; }

    /// <summary>One torrent.</summary>
    public sealed record Torrent
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
}
