using System.Net;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Vouchers;

namespace Pbts.Peer;

/// <summary>How a peer behaves. Times and limits are generous to honest peers and bounded against the rest.</summary>
internal sealed record PeerOptions
{
    /// <summary>Our key; without one the peer takes part but neither gives nor gets receipts.</summary>
    public MemberIdentity? Identity { get; init; }

    /// <summary>The tracker our vouchers would be for; without it receipts are exchanged.</summary>
    public InstanceId? Instance { get; init; }

    /// <summary>Address to listen on.</summary>
    public IPAddress Listen { get; init; } = IPAddress.Any;

    /// <summary>Port to listen on; 0 picks a free one.</summary>
    public int Port { get; init; }

    /// <summary>Folder of the receipt journals; <c>null</c> keeps receipts in memory.</summary>
    public string? StateFolder { get; init; }

    /// <summary>Most connections.</summary>
    public int MaxConnections { get; init; } = 80;

    /// <summary>Time without a block in either direction after which a connection makes room for a new one when there are too many.</summary>
    public TimeSpan UselessTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most connections that have not finished their handshake.</summary>
    public int MaxHalfOpen { get; init; } = 32;

    /// <summary>Peers served at the same time.</summary>
    public int MaxUnchoked { get; init; } = 8;

    /// <summary>Bytes given to a peer that cannot sign receipts; <c>null</c> is no limit, so that mixed swarms work.</summary>
    public long? StrangerAllowance { get; init; }

    /// <summary>Bytes a peer may have without receipt; 0 begins with eight pieces, at least 2 MiB, and grows with what the peer signs for.</summary>
    public long CreditWindow { get; init; }

    /// <summary>Piece bytes sent a second, to all peers together; <c>null</c> is no limit.</summary>
    public long? UploadLimit { get; init; }

    /// <summary>How long a peer at the end of its credit may take before it is choked.</summary>
    public TimeSpan ReceiptPatience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Time for the 68-byte handshake.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between messages; clients send keep-alives every two minutes.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(150);

    /// <summary>Time from the first byte of a message to its last, and for one write.</summary>
    public TimeSpan MessageTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Time without a requested block before its piece is given to somebody else.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time a choked peer has to get the rest of pieces it has a part of.</summary>
    public TimeSpan FinishTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time without a block, and time for a whole piece, after which another peer is asked for the same piece at the end of a download.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc cref="StallTimeout"/>
    public TimeSpan PieceTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>When receipts are reported.</summary>
    public PendingReceiptsOptions Receipts { get; init; } = new() { BatchThreshold = 100, BatchTimeout = TimeSpan.FromSeconds(5) };
}
