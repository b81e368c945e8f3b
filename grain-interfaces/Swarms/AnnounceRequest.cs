namespace Pbts.GrainInterfaces.Swarms;

/// <summary>One announce, checked and decoded at the edge.</summary>
[GenerateSerializer, Immutable, Alias("pbts.AnnounceRequest")]
public sealed class AnnounceRequest
{
    [Id(0)] public PeerEndpoint Endpoint { get; init; }

    [Id(1)] public PeerId PeerId { get; init; }

    /// <summary>Hash of the client's <c>key</c>, or of its peer id when it gave none: who this is behind the endpoint.</summary>
    [Id(2)] public ulong Identity { get; init; }

    [Id(3)] public AnnounceEvent Event { get; init; }

    /// <summary>Bytes still to download; null when the client did not say (counted as a leecher).</summary>
    [Id(4)] public long? Left { get; init; }

    /// <summary>Bytes uploaded in this session, by the client's own word.</summary>
    [Id(5)] public long Uploaded { get; init; }

    /// <summary>Bytes downloaded in this session, by the client's own word.</summary>
    [Id(6)] public long Downloaded { get; init; }

    /// <summary>Most peers wanted, already capped.</summary>
    [Id(7)] public int NumWant { get; init; }

    /// <summary>The dictionary form was asked for: peer ids are needed too.</summary>
    [Id(8)] public bool WithPeerIds { get; init; }

    /// <summary>The registered user, if the announce named one.</summary>
    [Id(9)] public string? UserId { get; init; }

    /// <summary>Per cent of a download that is credited to this user, 0 to 1000; what is said of the torrent may lower it.</summary>
    [Id(10)] public int DownloadFactor { get; init; } = 100;

    /// <summary>Per cent of an upload that is credited to this user, 0 to 1000; what is said of the torrent may raise it.</summary>
    [Id(11)] public int UploadFactor { get; init; } = 100;

    public bool IsSeeder => Left == 0;
}
