using System.Net;

namespace Pbts.Peer;

/// <summary>Whose gate it is, what it listens on, and its limits.</summary>
public sealed record GateOptions
{
    /// <summary>The member's key. Disposed by its owner, after the gate.</summary>
    public required MemberIdentity Identity { get; init; }

    /// <summary>The name the key is registered under.</summary>
    public required string UserId { get; init; }

    /// <summary>The tracker's address or announce URL, http or https.</summary>
    public required string Tracker { get; init; }

    /// <summary>The member's passkey, where the URL has none.</summary>
    public string? Passkey { get; init; }

    /// <summary>Where the client announces: a loopback address.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 6880);

    /// <summary>Where peers call.</summary>
    public IPAddress PeerAddress { get; init; } = IPAddress.IPv6Any;

    /// <summary>The port peers call; 0 takes a free one, and the same again the next time.</summary>
    public int Port { get; init; }

    /// <summary>The first two numbers of the addresses of doors, such as <c>127.80</c>.</summary>
    public (byte First, byte Second) Doors { get; init; } = (127, 80);

    /// <summary>The folder of the key's journals. One running gate a folder.</summary>
    public required string StateFolder { get; init; }

    /// <summary>Folder whose torrents are copied to name the gate; <c>null</c> for none.</summary>
    public string? Watch { get; init; }

    /// <summary>Whether peers that do not exchange vouchers are refused.</summary>
    public bool RequirePbts { get; init; }

    /// <summary>Most connections.</summary>
    public int MaxConnections { get; init; } = 500;

    /// <summary>Told what happens, a line each, from several threads.</summary>
    public Action<string> Log { get; init; } = _ => { };

    /// <summary>Bytes a peer may have without voucher; 0 is the rule of docs/bep10.md.</summary>
    internal long CreditWindow { get; init; }

    /// <summary>How long a peer may be waited for when the client has left, until both sides have signed.</summary>
    internal TimeSpan SettleTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a peer at the end of its credit may take before the connection ends.</summary>
    internal TimeSpan VoucherPatience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Says nothing: there is a passkey among it.</summary>
    public override string ToString() => nameof(GateOptions);
}
