namespace Pbts.Protocol.Bencode;

/// <summary>The four kinds of bencoded values.</summary>
public enum BencodeKind
{
    /// <summary>A signed 64-bit integer.</summary>
    Number,

    /// <summary>A byte string.</summary>
    Bytes,

    /// <summary>A list.</summary>
    List,

    /// <summary>A dictionary.</summary>
    Dictionary,
}
