using System.Diagnostics.CodeAnalysis;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;

namespace Pbts.Peer;

/// <summary>A member's key pair (BLS12-381): signs receipts, vouchers, registrations and announces. Thread safe; disposing wipes the secret.</summary>
public sealed class MemberIdentity : IDisposable
{
    private readonly BlsSecretKey _secret;

    private MemberIdentity(BlsSecretKey secret)
    {
        _secret = secret;
        PublicKey = MemberKey.Of(secret);
    }

    /// <summary>The public key: 48 bytes, compressed.</summary>
    public MemberKey PublicKey { get; }

    /// <summary>A new key pair.</summary>
    public static MemberIdentity Generate() => new(BlsSecretKey.Generate());

    /// <summary>Takes 32 bytes, big endian, from 1 to the group's order; <c>false</c> for all others.</summary>
    public static bool TryFrom(ReadOnlySpan<byte> secret, [NotNullWhen(true)] out MemberIdentity? identity)
    {
        identity = BlsSecretKey.TryParse(secret, out var key) ? new MemberIdentity(key) : null;
        return identity is not null;
    }

    /// <summary>Signs a message; which bytes a message has is said by its type in Pbts.Protocol.</summary>
    public ReceiptSignature Sign(ReadOnlySpan<byte> message) => ReceiptSignature.Of(_secret, message);

    /// <summary>Makes the receipt for a piece of <paramref name="pieceSize"/> bytes that we received from <paramref name="sender"/>.</summary>
    public Receipt SignReceipt(InfoHash infoHash, MemberKey sender, PieceHash pieceHash, uint index, ReceiptTime time, long pieceSize) => new()
    {
        InfoHash = infoHash,
        Sender = sender,
        Receiver = PublicKey,
        PieceHash = pieceHash,
        PieceIndex = index,
        Time = time,
        PieceSize = pieceSize,
        Signature = Sign(ReceiptMessage.Build(infoHash, sender, pieceHash, index, time)),
    };

    /// <summary>The 32 secret bytes, to store them.</summary>
    public byte[] ExportSecret()
    {
        var bytes = new byte[BlsSecretKey.Size];
        _secret.CopyTo(bytes);
        return bytes;
    }

    /// <summary>Wipes the secret.</summary>
    public void Dispose() => _secret.Dispose();
}
