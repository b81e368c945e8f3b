using Pbts.Protocol.Bencode;

namespace Pbts.Protocol.Bep10;

/// <summary>What a peer accepts in one extended message.</summary>
public static class Bep10Limits
{
    /// <summary>Most bytes of a payload: 64 KiB.</summary>
    public const int MaxPayload = 64 * 1024;

    /// <summary>Most receipts in a batch; 100 of them take about 38 KB.</summary>
    public const int MaxReceiptsPerBatch = 100;

    internal static BencodeLimits Bencode { get; } = new() { MaxDepth = 16, MaxValues = 4096, MaxLength = MaxPayload };
}
