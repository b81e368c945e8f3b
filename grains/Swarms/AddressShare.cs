namespace Pbts.Grains.Swarms;

/// <summary>How a peer shares its address with others, and whether it is the one that stands for them in a sample.</summary>
[Flags]
internal enum AddressShare : byte
{
    Alone = 0,

    /// <summary>The address has several peers.</summary>
    Crowded = 1,

    /// <summary>This one stands for them among all that are listed.</summary>
    FrontOfListed = 2,

    /// <summary>This one stands for those of them that are leechers.</summary>
    FrontOfLeechers = 4,
}
