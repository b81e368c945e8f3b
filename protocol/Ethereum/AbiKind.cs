namespace Pbts.Protocol.Ethereum;

/// <summary>The kinds of the contract ABI that PBTS contracts use.</summary>
public enum AbiKind
{
    /// <summary>Unsigned 256-bit integer; <see cref="System.Numerics.BigInteger"/>.</summary>
    Uint256,

    /// <summary><see cref="EthereumAddress"/>.</summary>
    Address,

    /// <summary><see cref="bool"/>.</summary>
    Bool,

    /// <summary>32 bytes; <c>byte[]</c>.</summary>
    Bytes32,

    /// <summary>Any number of bytes; <c>byte[]</c>.</summary>
    Bytes,

    /// <summary>UTF-8 text; <see cref="string"/>.</summary>
    Text,

    /// <summary>Any number of one type; <c>object[]</c>.</summary>
    Array,

    /// <summary>A fixed list of types; <c>object[]</c>.</summary>
    Tuple,
}
