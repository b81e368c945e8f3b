using System.Net;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Vouchers;

namespace Pbts.Peer;

/// <summary>How a peer behaves. Limits are generous to honest peers and bounded against the rest.</summary>
public sealed record PeerOptions
{
    /// <summary>Our key; without one the peer takes part but neither gives nor gets receipts. Disposed by its owner, after the peer.</summary>
    public MemberIdentity? Identity { get; init; }

    /// <summary>The name our key is registered under; without it, or without <see cref="Identity"/>, announces are anonymous and nothing is reported.</summary>
    public string? UserId { get; init; }

    /// <summary>The member's passkey, where no announce URL has one. Told to the first HTTP tracker only, because anybody may write further ones into a torrent.</summary>
    public string? Passkey { get; init; }

    /// <summary>The tracker to announce to (http, https or udp) in place of the torrent's.</summary>
    public string? Tracker { get; init; }

    /// <summary>Address to listen on.</summary>
    public IPAddress Listen { get; init; } = IPAddress.Any;

    /// <summary>Port to listen on; 0 picks a free one.</summary>
    public int Port { get; init; }

    /// <summary>Whether missing pieces are fetched; without, a folder that is incomplete stays so and nothing is written to it.</summary>
    public bool Fetches { get; init; } = true;

    /// <summary>Folder of the journals of one key's receipts and vouchers, made when it is not there; <c>null</c> keeps them in memory. One running peer a torrent.</summary>
    public string? StateFolder { get; init; }

    /// <summary>Most connections.</summary>
    public int MaxConnections { get; init; } = 80;

    /// <summary>Peers served at the same time.</summary>
    public int MaxUnchoked { get; init; } = 8;

    /// <summary>Bytes given to a peer that cannot sign receipts; <c>null</c> is no limit, so that mixed swarms work.</summary>
    public long? StrangerAllowance { get; init; }

    /// <summary>Bytes a peer may have without receipt; 0 begins with eight pieces, at least 2 MiB, and grows with what the peer signs for.</summary>
    public long CreditWindow { get; init; }

    /// <summary>Piece bytes sent a second, to all peers together; <c>null</c> is no limit.</summary>
    public long? UploadLimit { get; init; }

    /// <summary>Told what happens, a line each, from several threads.</summary>
    public Action<string> Log { get; init; } = _ => { };

    /// <summary>Says nothing: there is a passkey among it.</summary>
    public override string ToString() => nameof(PeerOptions);

    /// <summary>The tracker our vouchers would be for; without it receipts are exchanged.</summary>
    internal InstanceId? Instance { get; init; }

    /// <summary>Time without a block in either direction after which a connection makes room for a new one when there are too many.</summary>
    internal TimeSpan UselessTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most connections that have not finished their handshake.</summary>
    internal int MaxHalfOpen { get; init; } = 32;

    /// <summary>How long a peer at the end of its credit may take before it is choked.</summary>
    internal TimeSpan ReceiptPatience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Time for the 68-byte handshake.</summary>
    internal TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between messages; clients send keep-alives every two minutes.</summary>
    internal TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(150);

    /// <summary>Time from the first byte of a message to its last, and for one write.</summary>
    internal TimeSpan MessageTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Time without a requested block before its piece is given to somebody else.</summary>
    internal TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time a choked peer has to get the rest of pieces it has a part of.</summary>
    internal TimeSpan FinishTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time without a block, and time for a whole piece, after which another peer is asked for the same piece at the end of a download.</summary>
    internal TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc cref="StallTimeout"/>
    internal TimeSpan PieceTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>When receipts are reported.</summary>
    internal PendingReceiptsOptions Receipts { get; init; } = new() { BatchThreshold = 100, BatchTimeout = TimeSpan.FromSeconds(5) };
}
