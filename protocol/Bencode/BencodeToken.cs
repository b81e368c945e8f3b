namespace Pbts.Protocol.Bencode;

/// <summary>What <see cref="BencodeReader.Read"/> stopped at.</summary>
public enum BencodeToken
{
    /// <summary>Nothing read yet, or an error.</summary>
    None = 0,

    /// <summary>An integer.</summary>
    Number,

    /// <summary>A byte string that is a value.</summary>
    Bytes,

    /// <summary>A byte string that is a dictionary's key.</summary>
    Key,

    /// <summary>The start of a list.</summary>
    List,

    /// <summary>The start of a dictionary.</summary>
    Dictionary,

    /// <summary>The end of a list or dictionary.</summary>
    End,
}
