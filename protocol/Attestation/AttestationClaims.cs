using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Pbts.Protocol.Attestation;

/// <summary>
/// What a quote of PBTS stands for. Its report data is the SHA-512 of these fields one after the other: the tag
/// <c>pbts-attestation-v1</c> (32 bytes, zeros behind), purpose (1), BLS public key (48), Ethereum address (20, zeros for
/// none), instance id (32), nonce (32), time (8, big endian, seconds since 1970), payload length (4, big endian), payload.
/// </summary>
public sealed record AttestationClaims
{
    /// <summary>Bytes of the longest payload.</summary>
    public const int MaxPayload = 16 * 1024;

    /// <summary>Bytes of a nonce.</summary>
    public const int NonceSize = 32;

    internal const int FixedSize = 1 + KeySize + AddressSize + InstanceSize + NonceSize + 8 + 4;
    private const int KeySize = 48;
    private const int AddressSize = 20;
    private const int InstanceSize = 32;
    private const int TagSize = 32;

    private readonly byte[] _publicKey = [], _address = new byte[AddressSize], _instance = [], _nonce = [], _payload = [];

    public AttestationPurpose Purpose { get; init; }

    /// <summary>BLS key of who attests, 48 bytes.</summary>
    public required byte[] PublicKey { get => _publicKey; init => _publicKey = Sized(value, KeySize, nameof(PublicKey)); }

    /// <summary>Ethereum address of who attests, 20 bytes; zeros for none.</summary>
    public byte[] EthereumAddress { get => _address; init => _address = Sized(value, AddressSize, nameof(EthereumAddress)); }

    /// <summary>The tracker's instance id, 32 bytes.</summary>
    public required byte[] InstanceId { get => _instance; init => _instance = Sized(value, InstanceSize, nameof(InstanceId)); }

    /// <summary>Chosen by whoever wants to know that the quote was made for him, 32 bytes.</summary>
    public required byte[] Nonce { get => _nonce; init => _nonce = Sized(value, NonceSize, nameof(Nonce)); }

    /// <summary>When, in seconds since 1970.</summary>
    public required long Time { get; init; }

    /// <summary>What is attested, at most <see cref="MaxPayload"/> bytes.</summary>
    public required byte[] Payload
    {
        get => _payload;
        init => _payload = value is { Length: <= MaxPayload } ? value : throw new ArgumentException($"At most {MaxPayload} bytes.", nameof(Payload));
    }

    /// <summary>The 64 bytes that go into the quote.</summary>
    public byte[] ReportData()
    {
        var bytes = new byte[TagSize + FixedSize + Payload.Length];
        "pbts-attestation-v1"u8.CopyTo(bytes);
        Write(bytes.AsSpan(TagSize));
        return SHA512.HashData(bytes);
    }

    internal void Write(Span<byte> to)
    {
        to[0] = (byte)Purpose;
        var at = 1;
        foreach (var field in new[] { PublicKey, EthereumAddress, InstanceId, Nonce })
        {
            field.CopyTo(to[at..]);
            at += field.Length;
        }

        BinaryPrimitives.WriteInt64BigEndian(to[at..], Time);
        BinaryPrimitives.WriteInt32BigEndian(to[(at + 8)..], Payload.Length);
        Payload.CopyTo(to[(at + 12)..]);
    }

    internal static AttestationClaims? Read(ReadOnlySpan<byte> from, out int length)
    {
        length = 0;
        if (from.Length < FixedSize || from[0] > (byte)AttestationPurpose.Registration)
            return null;
        var payload = BinaryPrimitives.ReadInt32BigEndian(from[(FixedSize - 4)..]);
        if (payload is < 0 or > MaxPayload || from.Length - FixedSize < payload)
            return null;
        length = FixedSize + payload;
        return new()
        {
            Purpose = (AttestationPurpose)from[0],
            PublicKey = from.Slice(1, KeySize).ToArray(),
            EthereumAddress = from.Slice(1 + KeySize, AddressSize).ToArray(),
            InstanceId = from.Slice(1 + KeySize + AddressSize, InstanceSize).ToArray(),
            Nonce = from.Slice(1 + KeySize + AddressSize + InstanceSize, NonceSize).ToArray(),
            Time = BinaryPrimitives.ReadInt64BigEndian(from[(FixedSize - 12)..]),
            Payload = from.Slice(FixedSize, payload).ToArray(),
        };
    }

    private static byte[] Sized(byte[] value, int size, string name) =>
        value.Length == size ? value : throw new ArgumentException($"{size} bytes are needed.", name);
}
