namespace Pbts.Protocol.Bencode;

/// <summary>Why an input is not bencode of the kind wanted, or exceeds the limits.</summary>
public enum BencodeError
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>The input ends inside a value, or is empty.</summary>
    UnexpectedEnd,

    /// <summary>A byte that begins no value here.</summary>
    UnexpectedByte,

    /// <summary>An integer with no digits, a leading zero, a minus zero or a foreign character.</summary>
    BadNumber,

    /// <summary>An integer outside the signed 64-bit range.</summary>
    NumberRange,

    /// <summary>A string length with a leading zero, a foreign character or too many digits.</summary>
    BadLength,

    /// <summary>A dictionary key that is not a string.</summary>
    KeyNotString,

    /// <summary>Dictionary keys not in ascending order of their bytes.</summary>
    KeyOrder,

    /// <summary>A key twice in one dictionary.</summary>
    DuplicateKey,

    /// <summary>A key without its value.</summary>
    MissingValue,

    /// <summary>Bytes after the first value.</summary>
    TrailingBytes,

    /// <summary>Nested deeper than the limit.</summary>
    TooDeep,

    /// <summary>More values than the limit.</summary>
    TooManyValues,

    /// <summary>Longer than the limit.</summary>
    TooLong,
}
