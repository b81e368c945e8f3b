namespace Pbts.Load;

/// <summary>How clients write an info hash into a URL: the same bytes, in as many texts.</summary>
public enum Escaping
{
    /// <summary>Every byte escaped.</summary>
    EveryByte,

    /// <summary>Letters, digits and <c>-_.~</c> as they are; escapes in upper case, as RFC 3986 asks, Transmission for one.</summary>
    ReservedUpper,

    /// <summary>The same with escapes in lower case, as libtorrent does.</summary>
    ReservedLower,
}
