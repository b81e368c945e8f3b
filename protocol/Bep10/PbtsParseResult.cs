namespace Pbts.Protocol.Bep10;

/// <summary>What an incoming extended message turned out to be.</summary>
public enum PbtsParseResult
{
    /// <summary>A PBTS message.</summary>
    Parsed = 0,

    /// <summary>A sub-id that was never offered: to be ignored (BEP 10).</summary>
    UnknownId,

    /// <summary>A PBTS id with a payload that keeps not the rules.</summary>
    Malformed,
}
