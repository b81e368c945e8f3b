using System.Diagnostics.CodeAnalysis;
using Pbts.Protocol.Bls;
using Xunit;
using Scheme = Pbts.Protocol.Bls.Bls;

namespace Pbts.Protocol.Tests.Bls;

/// <summary>The scheme's operations on raw bytes, where a wrong length is one more way to be invalid.</summary>
internal static class BlsBytes
{
    public static bool Verify(byte[] key, byte[] message, byte[] signature) =>
        BlsPublicKey.TryParse(key, out BlsPublicKey publicKey)
        && BlsSignature.TryParse(signature, out BlsSignature parsed)
        && Scheme.Verify(publicKey, message, parsed);

    public static bool PopVerify(byte[] key, byte[] proof) =>
        BlsPublicKey.TryParse(key, out BlsPublicKey publicKey)
        && BlsSignature.TryParse(proof, out BlsSignature parsed)
        && Scheme.PopVerify(publicKey, parsed);

    public static bool AggregateVerify(byte[][] keys, byte[][] messages, byte[] aggregate) =>
        TryParse(keys, out BlsPublicKey[]? parsed)
        && BlsSignature.TryParse(aggregate, out BlsSignature signature)
        && Scheme.AggregateVerify(parsed, Array.ConvertAll(messages, message => new ReadOnlyMemory<byte>(message)), signature);

    public static bool FastAggregateVerify(byte[][] keys, byte[] message, byte[] aggregate) =>
        TryParse(keys, out BlsPublicKey[]? parsed)
        && BlsSignature.TryParse(aggregate, out BlsSignature signature)
        && Scheme.FastAggregateVerify(parsed, message, signature);

    public static byte[]? Aggregate(byte[][] signatures)
    {
        var parsed = new BlsSignature[signatures.Length];
        for (int i = 0; i < parsed.Length; i++)
        {
            if (!BlsSignature.TryParse(signatures[i], out parsed[i]))
                return null;
        }

        return Scheme.TryAggregate(parsed, out BlsSignature aggregate) ? aggregate.ToArray() : null;
    }

    /// <summary>Batch verdicts; items whose bytes have a wrong length are false without reaching the batch.</summary>
    public static bool[] BatchVerify(byte[][] keys, byte[][] messages, byte[][] signatures)
    {
        var verdicts = new bool[keys.Length];
        var items = new List<BlsBatchItem>();
        var indices = new List<int>();
        for (int i = 0; i < keys.Length; i++)
        {
            if (!BlsPublicKey.TryParse(keys[i], out BlsPublicKey key) || !BlsSignature.TryParse(signatures[i], out BlsSignature signature))
                continue;
            items.Add(new BlsBatchItem(key, messages[i], signature));
            indices.Add(i);
        }

        bool[] results = Scheme.BatchVerify(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(items));
        for (int k = 0; k < results.Length; k++)
            verdicts[indices[k]] = results[k];
        return verdicts;
    }

    public static BlsSecretKey SecretKey(byte[] bytes)
    {
        Assert.True(BlsSecretKey.TryParse(bytes, out BlsSecretKey? key));
        return key;
    }

    private static bool TryParse(byte[][] keys, [NotNullWhen(true)] out BlsPublicKey[]? parsed)
    {
        var all = new BlsPublicKey[keys.Length];
        for (int i = 0; i < all.Length; i++)
        {
            if (!BlsPublicKey.TryParse(keys[i], out all[i]))
            {
                parsed = null;
                return false;
            }
        }

        parsed = all;
        return true;
    }
}
