namespace Pbts.Peer;

/// <summary>How a gate is, as of one moment. Bytes count from its start, but for what was signed: that is of all time.</summary>
public sealed record GateProgress
{
    /// <summary>The torrents the client has announced.</summary>
    public required IReadOnlyList<GateTorrentProgress> Torrents { get; init; }

    /// <summary>Connections that were refused or ended for what the peer did.</summary>
    public required long Refused { get; init; }
}
