namespace Pbts.Protocol.Bencode;

/// <summary>What a reader is willing to take from a stranger.</summary>
public sealed record BencodeLimits
{
    /// <summary>The deepest nesting any limit may allow.</summary>
    public const int DepthCeiling = 64;

    /// <summary>For messages between peers and tracker replies.</summary>
    public static BencodeLimits Message { get; } = new() { MaxDepth = 32, MaxValues = 20_000, MaxLength = 1 << 20 };

    /// <summary>For torrent files: up to 64 MiB.</summary>
    public static BencodeLimits Torrent { get; } = new() { MaxDepth = 32, MaxValues = 1_000_000, MaxLength = 64 << 20 };

    /// <summary>Nested lists and dictionaries, 1 to <see cref="DepthCeiling"/>.</summary>
    public required int MaxDepth { get; init; }

    /// <summary>Values and keys in all.</summary>
    public required int MaxValues { get; init; }

    /// <summary>Bytes of input.</summary>
    public required int MaxLength { get; init; }
}
