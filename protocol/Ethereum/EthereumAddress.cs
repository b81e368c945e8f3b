using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Nethereum.Hex.HexConvertors.Extensions;
using Nethereum.Util;

namespace Pbts.Protocol.Ethereum;

/// <summary>A 20-byte account or contract address; printed with its EIP-55 checksum.</summary>
public readonly struct EthereumAddress : IEquatable<EthereumAddress>
{
    /// <summary>Address size in bytes.</summary>
    public const int Size = 20;

    private readonly ulong _first;
    private readonly ulong _second;
    private readonly uint _third;

    /// <summary>Makes an address of 20 bytes.</summary>
    /// <exception cref="ArgumentException">The input is not 20 bytes long.</exception>
    public EthereumAddress(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
            throw new ArgumentException("An address has 20 bytes.", nameof(bytes));
        _first = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _second = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _third = BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]);
    }

    /// <summary>The zero address: "none" wherever the contracts take a referrer.</summary>
    public static EthereumAddress Zero => default;

    /// <summary>True for the zero address.</summary>
    public bool IsZero => this == default;

    /// <summary>Reads <c>0x</c> and 40 hex digits. Mixed case must be the right EIP-55 checksum; one case throughout carries none.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out EthereumAddress address)
    {
        address = default;
        if (!AddressUtil.Current.IsValidEthereumAddressHexFormat(text))
            return false;
        var digits = text.AsSpan(2);
        var mixed = digits.ContainsAnyInRange('a', 'f') && digits.ContainsAnyInRange('A', 'F');
        if (mixed && !AddressUtil.Current.IsChecksumAddress(text))
            return false;
        address = new EthereumAddress(text.HexToByteArray());
        return true;
    }

    /// <summary>The 20 bytes in a new array.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, _first);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8), _second);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(16), _third);
        return bytes;
    }

    /// <summary><c>0x</c> and 40 digits whose letter case is the EIP-55 checksum.</summary>
    public override string ToString() => AddressUtil.Current.ConvertToChecksumAddress(ToArray());

    /// <inheritdoc />
    public bool Equals(EthereumAddress other) => _first == other._first && _second == other._second && _third == other._third;

    /// <inheritdoc />
    public override bool Equals(object? obj) => obj is EthereumAddress other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(_first, _second, _third);

    /// <summary>Equality of all 20 bytes.</summary>
    public static bool operator ==(EthereumAddress left, EthereumAddress right) => left.Equals(right);

    /// <summary>Inequality of any byte.</summary>
    public static bool operator !=(EthereumAddress left, EthereumAddress right) => !left.Equals(right);
}
