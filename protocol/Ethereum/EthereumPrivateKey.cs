using System.Diagnostics.CodeAnalysis;
using Nethereum.Hex.HexConvertors.Extensions;
using Nethereum.Model;
using Nethereum.Signer;

namespace Pbts.Protocol.Ethereum;

/// <summary>
/// A secp256k1 signing key. Nethereum's own type gives the secret back to whoever asks or serialises it; this one has no
/// such property and prints as its address only.
/// </summary>
public sealed class EthereumPrivateKey
{
    private readonly EthECKey _key;

    private EthereumPrivateKey(EthECKey key)
    {
        _key = key;
        Address = new EthereumAddress(key.GetPublicAddressAsBytes());
    }

    /// <summary>The account this key signs for.</summary>
    public EthereumAddress Address { get; }

    /// <summary>The uncompressed public key, 65 bytes beginning with 04.</summary>
    public ReadOnlyMemory<byte> PublicKey => _key.GetPubKey();

    /// <summary>Reads a 32-byte scalar from 1 to n-1.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> secret, [NotNullWhen(true)] out EthereumPrivateKey? key)
    {
        key = null;
        if (secret.Length != 32)
            return false;
        try
        {
            key = new EthereumPrivateKey(new EthECKey(secret.ToArray(), isPrivate: true));
            return true;
        }
        catch (ArgumentException)
        {
            // Zero, or not below the order of the curve.
            return false;
        }
    }

    /// <summary>Reads 64 hex digits with or without <c>0x</c>, as wallets and <c>.env</c> files write them.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out EthereumPrivateKey? key)
    {
        key = null;
        return text.IsHex() && text.RemoveHexPrefix().Length == 64 && TryCreate(text.HexToByteArray(), out key);
    }

    /// <summary>Signs a transaction; gives its hash in <c>0x</c> notation and the bytes for <c>eth_sendRawTransaction</c>, the same each time.</summary>
    public (string Hash, byte[] Raw) Sign(ISignedTransaction transaction)
    {
        var raw = transaction switch
        {
            Transaction1559 dynamicFee => new Transaction1559Signer().SignTransaction(_key, dynamicFee),
            LegacyTransactionChainId legacy => new LegacyTransactionSigner().SignTransaction(_key.GetPrivateKeyAsBytes(), legacy),
            LegacyTransaction unprotected => new LegacyTransactionSigner().SignTransaction(_key.GetPrivateKeyAsBytes(), unprotected),
            _ => throw new ArgumentException("Not a kind of transaction that is sent here.", nameof(transaction)),
        };
        return (transaction.Hash.ToHex(prefix: true), raw.HexToByteArray());
    }

    /// <summary>Signs a 32-byte digest: r, s of the lower half of the curve's order, and 27 or 28; the same each time (RFC 6979).</summary>
    public byte[] SignDigest(ReadOnlySpan<byte> digest)
    {
        var signed = _key.SignAndCalculateV(digest.ToArray());
        var signature = new byte[EthereumSignature.Size];
        // Numbers come without their leading zeros.
        signed.R.CopyTo(signature, 32 - signed.R.Length);
        signed.S.CopyTo(signature, 64 - signed.S.Length);
        signature[64] = signed.V[0];
        return signature;
    }

    /// <summary>Names the address, never the secret.</summary>
    public override string ToString() => $"private key of {Address}";
}
