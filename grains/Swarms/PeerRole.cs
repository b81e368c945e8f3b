namespace Pbts.Grains.Swarms;

/// <summary>What a peer is to others, in the order in which a <see cref="PeerTable"/> keeps them.</summary>
internal enum PeerRole : byte
{
    Leecher,

    /// <summary>BEP 21: incomplete, but not downloading.</summary>
    PartialSeed,

    Seeder,

    /// <summary>Another peer has announced the same endpoint since: it is neither listed nor counted as long as that one is here.</summary>
    Silent,
}
