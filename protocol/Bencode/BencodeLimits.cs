namespace Pbts.Protocol.Bencode;

/// <summary>What a reader is willing to take from a stranger.</summary>
public sealed record BencodeLimits
{
    /// <summary>The deepest nesting any limit may allow.</summary>
    public const int DepthCeiling = 64;

    /// <summary>For messages in canonical form.</summary>
    public static BencodeLimits Message { get; } = new() { MaxDepth = 32, MaxValues = 20_000, MaxLength = 1 << 20 };

    /// <summary>For what other trackers answer.</summary>
    public static BencodeLimits Reply { get; } = Message with { IsLenient = true };

    /// <summary>For torrent files, whoever made them: up to 64 MiB.</summary>
    public static BencodeLimits Torrent { get; } = new() { MaxDepth = 32, MaxValues = 1_000_000, MaxLength = 64 << 20, IsLenient = true };

    /// <summary>Nested lists and dictionaries, 1 to <see cref="DepthCeiling"/>.</summary>
    public required int MaxDepth { get; init; }

    /// <summary>Values and keys in all.</summary>
    public required int MaxValues { get; init; }

    /// <summary>Bytes of input.</summary>
    public required int MaxLength { get; init; }

    /// <summary>
    /// Whether what other programs write is taken too although it is not canonical: keys in any order (of one given twice the
    /// first counts), zeros before a number, numbers beyond 64 bits (the nearest that fits stands for them), and bytes behind
    /// the value, which are not looked at.
    /// </summary>
    public bool IsLenient { get; init; }
}
