namespace Pbts.Protocol.Bls;

/// <summary>One signature to verify among others, see <see cref="Bls.BatchVerify"/>.</summary>
public readonly struct BlsBatchItem
{
    /// <summary>An item whose key is not yet checked; a batch checks each distinct key once.</summary>
    public BlsBatchItem(BlsPublicKey publicKey, ReadOnlyMemory<byte> message, BlsSignature signature)
    {
        PublicKey = publicKey;
        Message = message;
        Signature = signature;
    }

    /// <summary>An item with a key checked before.</summary>
    public BlsBatchItem(BlsValidatedKey key, ReadOnlyMemory<byte> message, BlsSignature signature)
    {
        ArgumentNullException.ThrowIfNull(key);
        Key = key;
        PublicKey = key.PublicKey;
        Message = message;
        Signature = signature;
    }

    /// <summary>The signer.</summary>
    public BlsPublicKey PublicKey { get; }

    /// <summary>The signer's checked key, when the caller had it.</summary>
    public BlsValidatedKey? Key { get; }

    /// <summary>The signed bytes.</summary>
    public ReadOnlyMemory<byte> Message { get; }

    /// <summary>The signature.</summary>
    public BlsSignature Signature { get; }
}
