using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Grains.Swarms;

/// <summary>What is remembered of a peer besides its compact endpoint. There are millions: every field counts.</summary>
internal struct PeerRecord
{
    /// <summary>See <see cref="AnnounceRequest.Identity"/>.</summary>
    public ulong Identity;

    // In parts, which pack tighter than the whole.
    private ulong _peerIdFirst;
    private ulong _peerIdSecond;
    private uint _peerIdThird;

    /// <summary>Unix seconds of the last announce.</summary>
    public uint LastSeen;

    /// <summary>A member's accounting; null for peers that are nobody in particular.</summary>
    public Session? Session;

    /// <summary>Position of the next peer of the same address, in a circle: its own when there is no other.</summary>
    public int Next;

    /// <summary>The last sample this peer was drawn for.</summary>
    public uint Drawn;

    /// <summary>What it is, also while it is silent.</summary>
    public PeerRole Role;

    /// <summary>It has been seen with something left to download.</summary>
    public bool SeenIncomplete;

    /// <summary>Its <c>completed</c> has been counted.</summary>
    public bool Completed;

    public PeerId PeerId
    {
        readonly get => new(_peerIdFirst, _peerIdSecond, _peerIdThird);
        set => (_peerIdFirst, _peerIdSecond, _peerIdThird) = value;
    }
}
